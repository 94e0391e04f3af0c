import type { ServerSourceConfig } from '@backstream/config'
import type { StreamRequest } from '../read-streams.ts'
import { capture } from '../runners/capture.ts'
import { privateFile } from '../runners/runner.ts'
import type { SourceProblem } from '../source.ts'
import { dumpName, type Wanted, wantedOf } from './choose-databases.ts'
import type { Asking, Connection, DatabaseKind, ResolveSecret } from './database-kind.ts'
import { checkMongoArchive } from './mongodb-archive-check.ts'
import { parseMongoUri } from './mongodb-uri.ts'

/**
 * MongoDB by mongodump: one archive of all, with the oplog of a replica set so that it is of one moment,
 * or one archive of each database that is named.
 */
export const mongodbDump: DatabaseKind<ServerSourceConfig> = {
  programs: () => ['mongodump'],
  connect: openMongoConnection,
  async findProblems(config, asking) {
    const { patterns, isAll } = wantedOf(config, asking.connection)
    const { exit, stderr } = await ask(asking, ['--version'])
    const problems = patterns.filter((name) => name !== '*' && /[*?[]/.test(name)).map(isPattern)
    if (isAll && patterns.length > 1) problems.push(isPattern('*'))
    return exit?.status === 0 ? problems : [...problems, noVersion(stderr)]
  },
  // Its tools do not tell beforehand.
  estimate: async () => null,
  async describe(_config, asking) {
    const how = isMemberOfSet(asking.connection) ? 'with the oplog' : 'without an oplog'
    return `mongodump ${await askVersion(asking)}, ${how}; it asks its server only as it reads`
  },
  async plan(config, asking, place) {
    const wanted = wantedOf(config, asking.connection)
    const isReplicaSet = isMemberOfSet(asking.connection)
    const facts = { kind: 'mongodb', client: await askVersion(asking) }
    const dumped = (name: string, database: string | null): StreamRequest =>
      dump(asking, { name, database, facts, isWithOplog: isReplicaSet && database === null })
    return {
      ...(!isOneStream(wanted) && { folder: place }),
      streams: wanted.isAll
        ? [dumped(place, null)]
        : wanted.patterns.map((database) =>
            dumped(dumpName(place, wanted, { database, extension: 'archive' }), database),
          ),
      consistency:
        isReplicaSet && wanted.isAll
          ? 'one moment (the oplog up to it is in the dump)'
          : 'as read, one collection after another',
    }
  },
}

function isOneStream({ isOne, isAll }: Wanted): boolean {
  return isOne || isAll
}

interface Dump {
  readonly name: string
  /** Null: all of them. */
  readonly database: string | null
  readonly facts: Readonly<Record<string, string>>
  readonly isWithOplog: boolean
}

function dump({ connection }: Asking, { name, database, facts, isWithOplog }: Dump): StreamRequest {
  const label = database === null ? 'mongodump' : `mongodump of ${database}`
  return {
    name,
    label,
    argv: [
      'mongodump',
      ...configOf(connection),
      ...(connection.args ?? []),
      '--archive',
      ...(database === null ? [] : [`--db=${database}`]),
      ...(isWithOplog ? ['--oplog'] : []),
    ],
    env: connection.env,
    ...(connection.privateText && { privateText: connection.privateText }),
    secrets: connection.secrets,
    check: checkMongoArchive(label),
    facts: { ...facts, ...(database !== null && { database }), oplog: isWithOplog },
  }
}

/** Where there is no secret, there is no file either. */
export function configOf({ privateText = '' }: Connection): readonly string[] {
  return privateText === '' ? [] : [`--config=${privateFile}`]
}

async function askVersion(asking: Asking): Promise<string> {
  const [first = ''] = (await ask(asking, ['--version'])).stdout.split('\n')
  return first.replace(/^.*version:? */, '')
}

function ask({ runner, signal }: Asking, args: readonly string[]): ReturnType<typeof capture> {
  return capture(runner, { argv: ['mongodump', ...args], env: {} }, signal)
}

/** The tools read an address and a password from a configuration file, so that neither is in argv. */
export async function openMongoConnection(
  config: Pick<ServerSourceConfig, 'uri' | 'host' | 'port' | 'user' | 'password'>,
  resolveSecret: ResolveSecret,
): Promise<Connection> {
  const password = config.password ? await resolveSecret(config.password) : null
  if (config.uri) {
    const uri = await resolveSecret(config.uri)
    const { address, database } = parseMongoUri(uri, password)
    const secrets = [uri, address, ...(password === null ? [] : [password])]
    return { env: {}, privateText: `uri: ${JSON.stringify(address)}\n`, secrets, database }
  }
  const { host, port, user } = config
  return {
    env: {},
    args: [
      ...(host === null ? [] : [`--host=${host}`]),
      ...(port === null ? [] : [`--port=${port}`]),
      ...(user === null ? [] : [`--username=${user}`, '--authenticationDatabase=admin']),
    ],
    privateText: password === null ? '' : `password: ${JSON.stringify(password)}\n`,
    secrets: password === null ? [] : [password],
    database: null,
  }
}

function isMemberOfSet({ privateText = '', args = [] }: Connection): boolean {
  return /[?&]replicaSet=/.test(privateText) || args.some((arg) => /^--host=[^/]+\//.test(arg))
}

function isPattern(name: string): SourceProblem {
  return {
    code: 'source-missing',
    message: `${name} is a pattern, and mongodump takes names`,
    remedy: 'Name each database, or leave databases out for all.',
    permanent: true,
  }
}

function noVersion(stderr: string): SourceProblem {
  return {
    code: 'command-failed',
    message: `mongodump does not tell its version: ${stderr.trim()}`,
    remedy: 'Run mongodump --version by hand.',
    permanent: true,
  }
}
