import { BackstreamError } from '@backstream/kernel'
import { type Command, CommanderError } from 'commander'
import { CliError } from './cli-error.ts'
import type { GlobalOptions, ProcessContext } from './command-context.ts'
import { exitStatus, exitStatusOf } from './exit-status.ts'
import { failureDocument, renderFailure } from './output/failure.ts'
import { createPaint } from './output/paint.ts'
import { createProgram } from './program.ts'

/** Runs one command line and resolves with the exit status. Every failure is reported here, once. */
export async function runCommandLine(
  argv: readonly string[],
  context: ProcessContext,
): Promise<number> {
  let status: number = exitStatus.done
  const endWith = (wanted: number) => {
    status = wanted
  }
  const program = createProgram({ ...context, endWith })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return status
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return exitStatus.done
    // No command at all: the help that was printed says everything.
    if (thrown instanceof CommanderError && thrown.code === 'commander.help')
      return exitStatus.usage
    const error = thrown instanceof CommanderError ? usageError(thrown) : causeOf(thrown)
    report(error, context, { program, argv })
    return exitStatusOf(error)
  }
}

interface Invocation {
  readonly program: Command
  readonly argv: readonly string[]
}

function report(error: unknown, context: ProcessContext, { program, argv }: Invocation): void {
  const options = program.opts<GlobalOptions>()
  // A line that could not be parsed may not have got as far as the flag.
  if (options.json || argv.includes('--json')) {
    context.stdout.write(`${JSON.stringify(failureDocument(error), null, 2)}\n`)
    return
  }
  const isColored = context.stderr.isTTY === true && !context.env['NO_COLOR']
  context.stderr.write(renderFailure(error, createPaint(isColored)))
  const isExpected = error instanceof BackstreamError
  const wantsStack = options.verbose === true || !isExpected
  if (wantsStack && error instanceof Error) context.stderr.write(`${error.stack ?? ''}\n`)
}

/** Node wraps the reason of an abort in an error of its own; the reason is what there is to say. */
function causeOf(thrown: unknown): unknown {
  const isAbort = thrown instanceof Error && thrown.name === 'AbortError'
  return isAbort && thrown.cause instanceof BackstreamError ? thrown.cause : thrown
}

/** Commander's `error: unknown command 'lst'\n(Did you mean list?)` in our form. */
function usageError(error: CommanderError): CliError {
  const [first = '', ...rest] = error.message.split('\n')
  const hint = rest.join(' ').replace(/^\((.*)\)$/, '$1')
  return new CliError('usage', first.replace(/^error: /, ''), {
    remedy: hint || '`backstream --help` shows what there is.',
  })
}
