import { resolve } from 'node:path'
import { createAgeKey } from '@backstream/backup'
import { renderInitialConfig } from '@backstream/config'
import { CliError } from '../cli-error.ts'
import type { GlobalOptions, Session } from '../command-context.ts'
import { environmentFileOf } from '../environment-file.ts'
import { askSecret } from '../output/ask-secret.ts'
import { nextSteps } from '../output/init-text.ts'
import { answersFor, canAsk, type InitAnswers, type InitOptions } from './init-answers.ts'
import { type FoundDatabase, findDatabases } from './init-databases.ts'
import { keyFileOf, refuseOverwriting, writeInitFiles } from './init-files.ts'

/**
 * First contact: looks at what is to be backed up, and writes a configuration without a secret in it;
 * beside it what the configuration refers to (`.env`) and the key of its backups (`age.key`).
 */
export async function init(
  session: Session,
  options: InitOptions,
  given: GlobalOptions,
): Promise<void> {
  const file = given.config ?? session.settings.configFile ?? 'backstream.yaml'
  const isPrinted = file === '-'
  const answers = await answersFor(session, options)
  const mayReplace = options.force === true
  // A key that nobody sees could not be kept.
  const key = options.encryption && !isPrinted ? createAgeKey() : null
  if (!isPrinted) {
    await refuseOverwriting([
      ...(mayReplace ? [] : [file]),
      ...(key ? [keyFileOf(file)] : []),
      ...(hasVariables(session, answers) ? [environmentFileOf(file)] : []),
    ])
  }
  const databases = await databasesOf(session, answers, options)
  const text = render(answers, { databases, recipients: key ? [key.recipient] : [] })
  if (isPrinted) return session.print(text)
  const needed = variablesIn(text)
  const variables = await valuesFor(session, { needed, databases })
  const missing = needed.filter((name) => variables[name] === undefined)
  const written = await writeInitFiles({
    config: { path: file, text, mayReplace },
    ...{ variables, missing, key },
  })
  const plans = plansIn(text)
  if (session.json) {
    const found = databases.map(({ name, kind, found }) => ({ plan: name, kind, found }))
    const facts = { file, ...written, plans, variables: missing, databases: found }
    return session.printJson({ format: 'backstream.init/1', ...facts })
  }
  const isAws = answers.endpoint === null
  const facts = { isAws, hasRegion: answers.region !== null, missing, plans, databases }
  const kept = Object.keys(variables)
  session.print(
    nextSteps({ file, isNamed: given.config !== undefined, kept, ...written, ...facts }),
  )
}

/** Whether there will be something for `.env` to say. */
function hasVariables({ settings }: Session, { subjects, endpoint }: InitAnswers): boolean {
  const isServed = subjects.some((subject) => 'uri' in subject)
  return isServed || endpoint !== null || Boolean(settings.env['REDIS_URL'])
}

async function databasesOf(
  session: Session,
  { subjects }: InitAnswers,
  { passwordFile: given, probe }: InitOptions,
): Promise<readonly FoundDatabase[]> {
  // As the worker will read it, wherever that is started.
  const passwordFile = given === undefined ? null : resolve(given)
  const databases = subjects.filter((subject) => subject.kind !== 'directory')
  const servers = databases.filter(({ kind }) => kind !== 'sqlite')
  if (passwordFile !== null && servers.length !== 1) {
    throw new CliError('usage', '--password-file holds the password of one server', {
      remedy: 'Give it with one database; add the others to the configuration by hand.',
    })
  }
  return await findDatabases(session, databases, { passwordFile, isProbing: probe })
}

interface Subjects {
  readonly databases: readonly FoundDatabase[]
  readonly recipients: readonly string[]
}

function render(
  { subjects, storage, endpoint, region }: InitAnswers,
  { databases, recipients }: Subjects,
): string {
  return renderInitialConfig({
    paths: subjects.flatMap((subject) => (subject.kind === 'directory' ? [subject.path] : [])),
    ...{ databases, recipients, ...storage },
    // Every store takes it, and not every one has a name for each bucket.
    ...(endpoint === null ? {} : { endpoint, pathStyle: true }),
    ...(region === null ? {} : { region }),
  })
}

/** The variables a configuration cannot be loaded or used without. */
function variablesIn(text: string): string[] {
  const uncommented = text.replace(/(?:^|\s)#.*$/gm, '')
  const names = [...uncommented.matchAll(/\$\{(\w+)(?::\?[^}]*)?\}|\benv: (\w+)/g)]
  return [...new Set(names.map((match) => match[1] ?? match[2] ?? ''))]
}

/** What `.env` is to say: of the databases, and of store and queue what is set here, or answered. */
async function valuesFor(
  session: Session,
  { needed, databases }: { readonly needed: readonly string[] } & Pick<Subjects, 'databases'>,
): Promise<Readonly<Record<string, string>>> {
  const { env } = session.settings
  const values: Record<string, string> = Object.assign({}, ...databases.map((one) => one.variables))
  for (const name of needed) {
    let value = values[name] ?? env[name] ?? env[name.replace(/^S3_/, 'AWS_')]
    if (!value && canAsk(session)) value = await askSecret(session, `${name} (empty: later):`)
    if (value) values[name] = value
  }
  if (env['REDIS_URL']) values['REDIS_URL'] = env['REDIS_URL']
  return values
}

function plansIn(text: string): string[] {
  const [, plans = ''] = text.split(/^plans:$/m)
  return [...plans.matchAll(/^ {2}("[^"]+"|[a-z0-9-]+):$/gm)].map(([, name = '']) =>
    name.replaceAll('"', ''),
  )
}
