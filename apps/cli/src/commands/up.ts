import { Command } from 'commander'
import { awaitPlans } from '../actions/await-plans.ts'
import { type ChildSpec, supervise } from '../actions/supervisor.ts'
import { CliError } from '../cli-error.ts'
import {
  type CommandContext,
  type GlobalOptions,
  openSession,
  type Session,
} from '../command-context.ts'
import { commandFile } from '../command-file.ts'

const roles = ['scheduler', 'worker', 'board'] as const
type Role = (typeof roles)[number]
const width = Math.max(...roles.map((role) => role.length))

export function defineUp(context: CommandContext): Command {
  return new Command('up')
    .description('scheduler, worker and board as child processes, for one machine')
    .action((_options: unknown, command: Command) =>
      up(
        openSession(context, command, { isService: true, mayLackPlans: true }),
        command.optsWithGlobals(),
      ),
    )
}

async function up(session: Session, given: GlobalOptions): Promise<void> {
  if (given.config === '-') {
    throw new CliError('usage', 'three processes cannot read one standard input', {
      remedy: 'Name a file with --config.',
    })
  }
  // Read here once, so that a mistake is told once and not by three processes.
  const { plans } = await session.config()
  const signal = session.interruption()
  if (plans.length === 0) await showFirstVisit(session, { given, signal })
  if (!signal.aborted) await keepUp(session, { given, roles, signal })
}

interface KeepUp {
  readonly given: GlobalOptions
  readonly roles: readonly Role[]
  readonly signal: AbortSignal
}

/**
 * The board alone, until the file has its first plan. Not the other two: a scheduler would take the
 * schedules of a file for gone that somebody has emptied by mistake.
 */
async function showFirstVisit(
  session: Session,
  { given, signal }: Omit<KeepUp, 'roles'>,
): Promise<void> {
  const { file } = await session.config()
  session.logger.warn(
    { file },
    `there is no plan in ${file} yet: the board shows what to write, and scheduler and worker start once it is there`,
  )
  const done = new AbortController()
  const until = AbortSignal.any([signal, done.signal])
  const board = keepUp(session, { given, roles: ['board'], signal: until })
  await Promise.all([
    board.finally(() => done.abort()),
    awaitPlans(session, until).finally(() => done.abort()),
  ])
}

/** Resolves when all have ended because they were told to. */
async function keepUp(session: Session, { given, roles, signal }: KeepUp): Promise<void> {
  const { settings, logger, clock, paint } = session
  const isText = settings.logFormat === 'text'
  const result = await supervise(
    roles.map((role) => childOf(session, role, given)),
    {
      signal,
      logger,
      clock,
      onLine: (name, line) => {
        const prefix = isText ? `${paint.dim(`${name.padEnd(width)} |`)} ` : ''
        session.stderr.write(`${prefix}${line}\n`)
      },
    },
  )
  if (result.gaveUp === null) return
  throw new CliError('failed', `the ${result.gaveUp} could not be kept running`, {
    remedy: 'Its last lines above say why.',
  })
}

function childOf(session: Session, role: Role, given: GlobalOptions): ChildSpec {
  const { logFormat } = session.settings
  return {
    name: role,
    command: process.execPath,
    args: [
      commandFile,
      role,
      ...(given.config === undefined ? [] : ['--config', given.config]),
      ...(given.quiet ? ['--quiet'] : []),
      ...(given.verbose ? ['--verbose'] : []),
      '--log-format',
      logFormat,
    ],
    env: session.env,
  }
}
