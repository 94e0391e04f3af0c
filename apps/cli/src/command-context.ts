import type { AgeIdentity, Manifest } from '@backstream/backup'
import type { Config, ConfigProblem } from '@backstream/config'
import type { Clock, Logger } from '@backstream/kernel'
import { createLogger, type Environment, readSettings, type Settings } from '@backstream/runtime'
import type { Command } from 'commander'
import { CliError } from './cli-error.ts'
import { createPaint, type Paint } from './output/paint.ts'

/** What the process gives. */
export interface ProcessContext {
  /** What `.env` beside the configuration says is added before a command begins. */
  readonly env: Record<string, string | undefined>
  readonly clock: Clock
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** Aborted by Ctrl-C or SIGTERM. Asking for it takes both signals over from Node. */
  interruption(): AbortSignal
}

/** What every command is made with. */
export interface CommandContext extends ProcessContext {
  /** Ends with this status though nothing was thrown: what there is to say has been printed. */
  endWith(status: number): void
}

export interface GlobalOptions {
  readonly config?: string
  readonly quiet?: boolean
  readonly verbose?: boolean
  readonly json?: boolean
  readonly logFormat?: 'text' | 'json'
  readonly identity?: string
}

/** One command at work: the context, seen through the options it was given. */
export interface Session extends CommandContext {
  readonly json: boolean
  readonly quiet: boolean
  readonly settings: Settings
  readonly logger: Logger
  /** For standard output. */
  readonly paint: Paint
  /** Whether progress can be drawn, on standard error. */
  readonly canDraw: boolean
  config(): Promise<Config>
  /** With what is worth knowing about it. */
  checkedConfig(): Promise<CheckedConfig>
  /** What can decrypt a backup: none where it is not encrypted, or none was given. Read once. */
  identitiesFor(manifest: Pick<Manifest, 'encryption'>): Promise<readonly AgeIdentity[]>
  /** To standard output, as it is. */
  print(text: string): void
  /** The one document of `--json`. */
  printJson<T extends { readonly format: string }>(document: T): void
  /** To standard error, one line; not with `--quiet`. */
  note(line: string): void
}

export interface CheckedConfig {
  readonly config: Config
  readonly notices: readonly ConfigProblem[]
}

export interface SessionOptions {
  /** A service tells what it does; a command that prints its result tells only what is wrong. */
  readonly isService?: boolean
  /** It also serves the first visit: a configuration without plans is no mistake. */
  readonly mayLackPlans?: boolean
}

export function openSession(
  context: CommandContext,
  command: Command,
  options: SessionOptions = {},
): Session {
  const given = command.optsWithGlobals<GlobalOptions>()
  const settings = readSettings(environmentWith(context, given, options), {
    isTerminal: context.stderr.isTTY === true,
  })
  const isColored = context.stdout.isTTY === true && !context.env['NO_COLOR']
  return {
    ...context,
    json: given.json === true,
    quiet: given.quiet === true,
    settings,
    logger: createLogger({
      level: settings.logLevel,
      format: settings.logFormat,
      color: settings.color,
      stream: context.stderr,
    }),
    paint: createPaint(isColored),
    canDraw: context.stderr.isTTY === true && !given.quiet && context.env['TERM'] !== 'dumb',
    config: async () => (await checkConfiguration(settings, given.config, options)).config,
    checkedConfig: () => checkConfiguration(settings, given.config, options),
    identitiesFor: identityReader(settings, context),
    print: (text) => void context.stdout.write(text),
    printJson: (document) => void context.stdout.write(`${JSON.stringify(document, null, 2)}\n`),
    note: (line) => {
      if (!given.quiet) context.stderr.write(`${line}\n`)
    },
  }
}

/** Flags stand above variables; both go through the same checks. */
function environmentWith(
  { env, stderr }: CommandContext,
  given: GlobalOptions,
  { isService }: SessionOptions,
): Environment {
  const fallback = isService ? env['BACKSTREAM_LOG_LEVEL'] : env['BACKSTREAM_LOG_LEVEL'] || 'warn'
  const level = given.verbose ? 'debug' : given.quiet ? 'error' : fallback
  const format =
    given.logFormat ?? (env['BACKSTREAM_LOG_FORMAT'] || (isService || stderr.isTTY ? '' : 'text'))
  const identity = given.identity ?? env['BACKSTREAM_IDENTITY_FILE']
  return {
    ...env,
    BACKSTREAM_LOG_LEVEL: level,
    BACKSTREAM_LOG_FORMAT: format,
    BACKSTREAM_IDENTITY_FILE: identity,
  }
}

function identityReader(
  { identityFile }: Settings,
  { stdin }: CommandContext,
): Session['identitiesFor'] {
  let read: Promise<readonly AgeIdentity[]> | undefined
  return async ({ encryption }) => {
    if (!encryption || identityFile === null) return []
    const { readIdentities } = await import('./actions/read-identities.ts')
    read ??= readIdentities(identityFile, stdin)
    return await read
  }
}

async function checkConfiguration(
  settings: Settings,
  file: string | undefined,
  { mayLackPlans = false }: SessionOptions,
): Promise<CheckedConfig> {
  const { invalidConfig, parseConfig, readConfig } = await import('@backstream/config')
  const named = file ?? settings.configFile
  const { env } = settings
  const read = await readConfig({ ...(named === null ? {} : { file: named }), env })
  const result = parseConfig(read.text, { file: read.file, env, mayLackPlans })
  if (!result.ok) throw invalidConfig(read.file, result.problems)
  const { config, notices } = result
  return { config: settings.name === null ? config : { ...config, name: settings.name }, notices }
}

/** The plans of these names, in the order asked for. */
export function plansNamed(config: Config, names: readonly string[]): Config['plans'] {
  return [...new Set(names)].map((name) => {
    const plan = config.plans.find((candidate) => candidate.name === name)
    if (plan) return plan
    const known = config.plans.map((candidate) => candidate.name).join(', ')
    throw new CliError('no-such-plan', `There is no plan ${name} in ${config.file}`, {
      remedy: `The plans are: ${known}.`,
    })
  })
}
