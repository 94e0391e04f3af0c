import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { type ChildSpec, supervise } from '../actions/supervisor.ts'
import { CliError } from '../cli-error.ts'
import {
  type CommandContext,
  type GlobalOptions,
  openSession,
  type Session,
} from '../command-context.ts'

const roles = ['scheduler', 'worker', 'board'] as const
const program = fileURLToPath(new URL('../../bin/backstream.js', import.meta.url))

export function defineUp(context: CommandContext): Command {
  return new Command('up')
    .description('scheduler, worker and board as child processes, for one machine')
    .action((_options: unknown, command: Command) =>
      up(openSession(context, command, { isService: true }), command.optsWithGlobals()),
    )
}

async function up(session: Session, given: GlobalOptions): Promise<void> {
  if (given.config === '-') {
    throw new CliError('usage', 'three processes cannot read one standard input', {
      remedy: 'Name a file with --config.',
    })
  }
  // Read here once, so that a mistake is told once and not by three processes.
  await session.config()
  const { settings, logger, clock, paint } = session
  const isText = settings.logFormat === 'text'
  const width = Math.max(...roles.map((role) => role.length))
  const result = await supervise(
    roles.map((role) => childOf(session, role, given)),
    {
      signal: session.interruption(),
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

function childOf(session: Session, role: (typeof roles)[number], given: GlobalOptions): ChildSpec {
  const { logFormat } = session.settings
  return {
    name: role,
    command: process.execPath,
    args: [
      program,
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
