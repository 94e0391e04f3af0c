import {
  choosePlanName,
  type DatabaseSourceConfig,
  type InitialDatabase,
  type SecretRef,
} from '@backstream/config'
import type { Source } from '@backstream/sources'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { askSecret } from '../output/ask-secret.ts'
import { canAsk } from './init-answers.ts'
import { hasPassword, type InitSubject, passwordVariables } from './init-subject.ts'

/** A database as the configuration is to name it, and what stands in `.env` for it. */
export interface FoundDatabase extends InitialDatabase {
  readonly variables: Readonly<Record<string, string>>
  /** What was found there, in words; null where nobody looked. */
  readonly found: string | null
}

type DatabaseSubject = Exclude<InitSubject, { readonly kind: 'directory' }>
type Problems = Awaited<ReturnType<Source['preflight']>>

/**
 * Looks at each database as a run would, before anything is written: server, versions, client, rights.
 * A password that is missing is asked for where somebody can answer. Rejects with every problem of the
 * first one that cannot be read.
 */
export async function findDatabases(
  session: Session,
  subjects: readonly DatabaseSubject[],
  {
    passwordFile,
    isProbing,
  }: { readonly passwordFile: string | null; readonly isProbing: boolean },
): Promise<readonly FoundDatabase[]> {
  const taken = new Set<string>()
  const databases: FoundDatabase[] = []
  for (const subject of subjects) {
    const wanted = named(subject, taken, { passwordFile, env: session.settings.env })
    databases.push(isProbing ? await probe(session, wanted) : wanted)
  }
  return databases
}

interface NamingOptions {
  readonly passwordFile: string | null
  readonly env: Readonly<Record<string, string | undefined>>
}

function named(
  subject: DatabaseSubject,
  taken: Set<string>,
  { passwordFile, env }: NamingOptions,
): FoundDatabase {
  const { kind } = subject
  if (kind === 'sqlite') {
    const name = choosePlanName(subject.path.replace(/\.(?:db|sqlite3?)$/, ''), taken)
    return { name, kind, at: { path: subject.path }, password: null, variables: {}, found: null }
  }
  const name = choosePlanName(subject.name, taken)
  const variable = `${variablePrefix(name)}_URI`
  const database: FoundDatabase = {
    ...{ name, kind, password: null, found: null },
    at: { uri: { env: variable } },
    variables: { [variable]: subject.uri },
  }
  if (hasPassword(subject.uri)) return database
  if (passwordFile !== null) return { ...database, password: { file: passwordFile } }
  const own = env[passwordVariables[kind] ?? '']
  return own ? withPassword(database, own) : database
}

function withPassword(database: FoundDatabase, password: string): FoundDatabase {
  const variable = `${variablePrefix(database.name)}_PASSWORD`
  return {
    ...database,
    password: { env: variable },
    variables: { ...database.variables, [variable]: password },
  }
}

function variablePrefix(plan: string): string {
  return plan
    .replaceAll('-', '_')
    .toUpperCase()
    .replace(/^(?=\d)/, 'DB_')
}

async function probe(session: Session, database: FoundDatabase): Promise<FoundDatabase> {
  const first = await look(session, database)
  if (typeof first === 'string') return { ...database, found: first }
  const isLackingPassword =
    database.kind !== 'sqlite' && database.password === null && canAsk(session)
  if (!isLackingPassword) throw unreadable(database, first)
  for (const { message } of first) session.note(`${database.name}: ${message}`)
  const answer = await askSecret(session, `Password for ${database.name} (empty: none):`)
  if (answer === '') throw unreadable(database, first)
  const withIt = withPassword(database, answer)
  const second = await look(session, withIt)
  if (typeof second !== 'string') throw unreadable(database, second)
  return { ...withIt, found: second }
}

/** What is there, in words, or why it cannot be read. */
async function look(session: Session, database: FoundDatabase): Promise<string | Problems> {
  const { describeSource, openSource } = await import('@backstream/sources')
  const { resolveSecret } = await import('@backstream/config')
  const signal = session.interruption()
  const deps = {
    environment: session.settings.env,
    resolveSecret: (ref: SecretRef) => resolveSecret(ref, database.variables),
  }
  const config = sourceOf(database)
  const problems = await openSource(config, deps).preflight({ signal, logger: session.logger })
  if (problems.length > 0) return problems
  return (await describeSource(config, deps, signal)) ?? 'can be read'
}

function sourceOf({ name, kind, at, password }: FoundDatabase): DatabaseSourceConfig {
  const common = { at: '', via: null, streamName: name }
  if (kind === 'sqlite') return { ...common, kind, path: 'path' in at ? at.path : '' }
  const uri = 'uri' in at ? at.uri : null
  const unsaid = { host: null, port: null, user: null, databases: null, format: 'logical' } as const
  return { ...common, ...unsaid, kind, uri, password }
}

function unreadable({ name }: FoundDatabase, problems: Problems): CliError {
  const messages = problems.map(({ message }) => message).join('; ')
  const remedies = [...new Set(problems.map(({ remedy }) => remedy))].join(' ')
  return new CliError('failed', `${name} cannot be backed up from here: ${messages}`, {
    remedy: `${remedies} Nothing was written; --no-probe writes the configuration without looking.`,
  })
}
