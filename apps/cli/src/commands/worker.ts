import { Command } from 'commander'
import { runService } from '../actions/run-service.ts'
import { CliError } from '../cli-error.ts'
import { type CommandContext, openSession, type Session } from '../command-context.ts'

interface WorkerOptions {
  readonly name?: string
  readonly concurrency?: string
  readonly serves?: string
}

/** How long active runs may go on after SIGTERM; what stops the process must wait longer. */
const graceMs = 20_000
/** After the grace: abort, clean up, hand back. */
const cleanUpMs = 70_000

export function defineWorker(context: CommandContext): Command {
  return new Command('worker')
    .description('take runs from the queue and make backups of them')
    .option('--name <name>', 'serve only the runs of plans with runsOn: <name>')
    .option('--concurrency <n>', 'runs at a time, over all its queues (default: 2)')
    .option('--serves <list>', 'queues to serve instead, separated by commas')
    .action((options: WorkerOptions, command: Command) => {
      const env = { ...context.env, ...variablesOf(options) }
      return work(openSession({ ...context, env }, command, { isService: true }))
    })
}

/** A flag stands above its variable and goes through the same check. */
function variablesOf({ name, concurrency, serves }: WorkerOptions): Record<string, string> {
  if (name === '' || concurrency === '' || serves === '') {
    throw new CliError('usage', 'a flag is given without its value', {
      remedy: 'Write it behind --name, --concurrency or --serves.',
    })
  }
  return {
    ...(name === undefined ? {} : { BACKSTREAM_WORKER_NAME: name }),
    ...(concurrency === undefined ? {} : { BACKSTREAM_WORKER_CONCURRENCY: concurrency }),
    ...(serves === undefined ? {} : { BACKSTREAM_SERVES: serves }),
  }
}

async function work(session: Session): Promise<never> {
  const { startWorker } = await import('@backstream/worker')
  const { settings, logger, clock } = session
  return await runService(session, 'worker', async (config) => {
    const worker = await startWorker({
      config,
      env: settings.env,
      logger,
      clock,
      name: settings.workerName,
      serves: settings.serves,
      concurrency: settings.workerConcurrency,
    })
    const timeoutMs = graceMs + cleanUpMs
    return [{ name: 'worker', timeoutMs, run: () => worker.close({ graceMs }) }]
  })
}
