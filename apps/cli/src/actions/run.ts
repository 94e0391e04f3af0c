import { type Plan, parseDuration } from '@backstream/config'
import type { RunProducer, RunRef } from '@backstream/queue'
import { CliError } from '../cli-error.ts'
import { plansNamed, type Session } from '../command-context.ts'
import { openProgressView } from '../output/progress-view.ts'
import { describeOutcome, describeProgress } from '../output/run-text.ts'
import { dryRun } from './dry-run.ts'
import { exitStatusOfRun, followRun, type RunOutcome } from './follow-run.ts'
import { type ServedHere, serveHere } from './serve-here.ts'

export interface RunOptions {
  readonly all?: boolean
  readonly wait?: boolean
  readonly timeout?: string
  readonly here?: boolean
  readonly dryRun?: boolean
  readonly pin?: boolean
}

export async function run(
  session: Session,
  names: readonly string[],
  options: RunOptions,
): Promise<void> {
  refuseContradictions(names, options)
  const config = await session.config()
  const plans = options.all
    ? config.plans.filter(({ enabled }) => enabled)
    : plansNamed(config, names)
  if (options.dryRun) return await dryRun(session, plans)
  const timeoutMs = options.timeout === undefined ? null : readTimeout(options.timeout)
  const { createRunProducer, openConfiguredQueue } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  await using connection = await openConfiguredQueue(config, { env: settings.env, logger, clock })
  await using producer = createRunProducer(connection)
  const pin = options.pin === true
  if (options.here) {
    await using here = await serveHere(session, config)
    const refs = await enqueue(producer, here.plans(plans), pin)
    try {
      return await follow(session, { producer, refs, timeoutMs, here })
    } catch (error) {
      await here.discard(refs)
      throw error
    }
  }
  const refs = await enqueue(producer, plans, pin)
  if (options.wait) return await follow(session, { producer, refs, timeoutMs, here: null })
  await sayEnqueued(session, producer, refs)
}

function refuseContradictions(names: readonly string[], options: RunOptions): void {
  if (names.length > 0 && options.all) {
    throw new CliError('usage', '--all and names of plans contradict each other', {
      remedy: 'Name plans, or say --all.',
    })
  }
  if (names.length === 0 && !options.all) {
    throw new CliError('usage', 'no plan is named', { remedy: 'Name one or more, or say --all.' })
  }
  if (options.timeout !== undefined && !options.wait && !options.here) {
    throw new CliError('usage', '--timeout goes with --wait', { remedy: 'Say --wait as well.' })
  }
}

function readTimeout(text: string): number {
  try {
    return parseDuration(text)
  } catch (cause) {
    throw new CliError('usage', `--timeout ${text} is not a duration`, {
      cause,
      remedy: 'Write a number with a unit, such as 90s or 10m.',
    })
  }
}

async function enqueue(
  producer: RunProducer,
  plans: readonly Plan[],
  pin: boolean,
): Promise<RunRef[]> {
  const refs: RunRef[] = []
  for (const plan of plans) refs.push(await producer.enqueueRun({ plan, trigger: 'manual', pin }))
  return refs
}

async function sayEnqueued(
  session: Session,
  producer: RunProducer,
  refs: readonly RunRef[],
): Promise<void> {
  const runs = refs.map(({ plan, jobId, queue }) => ({ plan, run: jobId, queue }))
  if (session.json) session.printJson({ format: 'backstream.run/1', runs })
  else for (const one of runs) session.print(`${one.plan}: run ${one.run} is in ${one.queue}\n`)
  for (const queue of new Set(refs.map((ref) => ref.queue))) {
    if ((await producer.workersOf(queue)).length > 0) continue
    session.note(`note: no worker serves the queue ${queue} at the moment`)
  }
}

interface Following {
  readonly producer: RunProducer
  readonly refs: readonly RunRef[]
  readonly timeoutMs: number | null
  /** Served by this process: the run ends with the watching. */
  readonly here: ServedHere | null
}

async function follow(
  session: Session,
  { producer, refs, timeoutMs, here }: Following,
): Promise<void> {
  const isHere = here !== null
  const view = await openProgressView({ ...session, stream: session.stderr })
  const timeout = new AbortController()
  const timer =
    timeoutMs === null ? undefined : setTimeout(() => timeout.abort(late(isHere)), timeoutMs)
  const signal = AbortSignal.any([session.interruption(), timeout.signal])
  const one = { producer, view, signal, describe: describeProgress, bell: here?.bell }
  try {
    const settled = await Promise.allSettled(refs.map((ref) => followRun(ref, one)))
    view.stop()
    const outcomes = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    const broken = settled.find((each) => each.status === 'rejected')
    if (!broken || !session.json) printOutcomes(session, outcomes)
    if (broken) throw isHere ? broken.reason : sayItGoesOn(broken.reason)
  } finally {
    clearTimeout(timer)
    view.stop()
  }
}

function sayItGoesOn(reason: unknown): unknown {
  if (!(reason instanceof CliError) || reason.code !== 'interrupted') return reason
  return new CliError('interrupted', 'stopped watching', { remedy: goesOn })
}

const goesOn = 'The run goes on: `backstream status` shows how it ends.'

function late(isHere: boolean): CliError {
  return new CliError('timeout', 'the time given by --timeout has passed', {
    remedy: isHere ? 'The run was ended with it; nothing of it is left.' : goesOn,
  })
}

function printOutcomes(session: Session, outcomes: readonly RunOutcome[]): void {
  if (session.json) {
    session.printJson({ format: 'backstream.run/1', runs: outcomes })
  } else {
    for (const outcome of outcomes) session.print(`${describeOutcome(outcome, session.paint)}\n`)
  }
  session.endWith(worst(outcomes.map(exitStatusOfRun)))
}

/** A failure outweighs what is incomplete, and that outweighs success. */
function worst(statuses: readonly number[]): number {
  return [1, 3].find((status) => statuses.includes(status)) ?? 0
}
