import type { Config } from '@backstream/config'
import type { RunProducer, RunSummary } from '@backstream/queue'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'

/** More than are kept of any plan. */
const lookAtMost = 2_000

/**
 * Calls `work` with the runs that PLAN|RUN names, newest first: those of a plan, or the one run whose
 * id it is or uniquely begins. There is at least one.
 */
export async function withNamedRuns(
  session: Session,
  name: string,
  work: (runs: readonly RunSummary[], producer: RunProducer) => Promise<void>,
): Promise<void> {
  const config = await session.config()
  const { createRunProducer, openConfiguredQueue } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  await using connection = await openConfiguredQueue(config, { env: settings.env, logger, clock })
  await using producer = createRunProducer(connection)
  await work(await runsNamed(producer, config, name), producer)
}

export async function runsNamed(
  producer: Pick<RunProducer, 'findRuns'>,
  config: Pick<Config, 'plans' | 'file'>,
  name: string,
): Promise<readonly RunSummary[]> {
  const isPlan = config.plans.some((plan) => plan.name === name)
  const found = await producer.findRuns({ limit: lookAtMost, ...(isPlan ? { plan: name } : {}) })
  const runs = found.filter(({ jobName }) => jobName === 'backup.run')
  if (isPlan) {
    if (runs.length > 0) return runs
    throw new CliError('no-such-run', `There is no run of ${name} in the queue`, {
      remedy: `Start one with \`backstream run ${name}\`.`,
    })
  }
  // By its whole id any job: a restore that a worker does, for one.
  const [exact] = found.filter(({ ref }) => ref.jobId === name)
  if (exact) return [exact]
  const beginning = runs.filter(({ ref }) => ref.jobId.startsWith(name))
  if (beginning.length === 1) return beginning
  throw beginning.length === 0 ? unknown(config, name) : ambiguous(name, beginning)
}

function unknown({ plans, file }: Pick<Config, 'plans' | 'file'>, name: string): CliError {
  return new CliError('no-such-run', `There is no plan ${name} in ${file}, and no run of that id`, {
    remedy: `The plans are: ${plans.map((plan) => plan.name).join(', ')}.`,
  })
}

function ambiguous(name: string, runs: readonly RunSummary[]): CliError {
  const ids = runs.slice(0, 5).map(({ ref }) => ref.jobId)
  return new CliError('usage', `${runs.length} runs begin with ${name}`, {
    remedy: `Write more of it: ${ids.join(', ')}${runs.length > ids.length ? ', …' : ''}.`,
  })
}
