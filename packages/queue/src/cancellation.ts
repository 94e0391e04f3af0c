/**
 * A wish to end a run, left in Redis for whichever worker has it or gets it next. Workers look for one
 * every second; it outlives an outage, and is taken out when the run has ended.
 */
import { randomUUID } from 'node:crypto'
import type { CancelledResult } from '@backstream/jobs'
import { describeError } from '@backstream/kernel'
import { keepRuns } from './keep-runs.ts'
import { ledgerRunId } from './ledger-record.ts'
import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { QueueError } from './queue-error.ts'
import { releaseGivenUp } from './release-given-up.ts'
import { readLedger } from './run-ledger.ts'
import type { RunProducer } from './run-producer.ts'
import type { RunRef } from './run-summary.ts'
import type { Serving } from './serving.ts'

/** After that nobody waits for it any more. */
const wishKeptMs = 24 * 3_600_000
const lockMs = 30_000

type JobRef = Pick<RunRef, 'queue' | 'jobId'>

export async function wishCancelled(link: Link, ref: JobRef, by: string): Promise<void> {
  await link.redis.set(wishKey(link, ref), by, 'PX', wishKeptMs)
}

/** Who wants the run to end; null when nobody does. */
export async function readWish(link: Link, ref: JobRef): Promise<string | null> {
  return await link.redis.get(wishKey(link, ref))
}

export async function forgetWish(link: Link, ref: JobRef): Promise<void> {
  await link.redis.del(wishKey(link, ref))
}

/** Tells the runs of this worker that somebody wants to end. Never rejects. */
export async function tellCancelled({ link, active, logger }: Serving): Promise<void> {
  const runs = [...active.values()].filter(({ controller }) => !controller.signal.aborted)
  if (runs.length === 0) return
  try {
    const wishes = await link.redis.mget(runs.map((run) => wishKey(link, run)))
    for (const [at, by] of wishes.entries())
      if (by !== null) runs[at]?.controller.abort(cancelled(by))
  } catch (error) {
    logger.debug({ err: error }, `nobody knows what is to be cancelled: ${describeError(error)}`)
  }
}

export function cancelled(by: string): QueueError {
  return new QueueError('cancelled', by, { permanent: true })
}

/** Who had it cancelled; null when that is not why it was aborted. */
export function cancelledBy(signal: AbortSignal): string | null {
  const reason: unknown = signal.reason
  return reason instanceof QueueError && reason.code === 'cancelled' ? reason.message : null
}

/**
 * Ends a run that nobody works on: out of its line and into the completed ones, with its outcome.
 * False when it is not in line any more.
 */
export async function endWaiting(
  connection: QueueConnection,
  producer: Pick<RunProducer, 'enqueueCleanup'>,
  { ref, by }: { readonly ref: RunRef; readonly by: string },
): Promise<boolean> {
  const link = linkOf(connection)
  const queue = link.queue(ref.queue)
  const job = await queue.getJob(ref.jobId)
  if (!job) return false
  const keys = ['wait', 'paused', 'delayed', 'prioritized', 'active', `${ref.jobId}:lock`]
  const token = randomUUID()
  const args = [ref.jobId, token, lockMs]
  const taken = await link.redis.eval(
    takeScript,
    6,
    ...keys.map((key) => queue.toKey(key)),
    ...args,
  )
  if (taken !== 1) return false
  await job.log(`cancelled by ${by} before it began`)
  const run = { plan: ref.plan, jobId: ref.jobId, timestampMs: job.timestamp }
  await releaseGivenUp(link, run)
  await enqueueOpenCleanups(connection, producer, run)
  await job.moveToCompleted(cancelledResult(ref.plan, by), token, false)
  await keepRuns(link, job, 'completed')
  return true
}

/** Attempts of the run that nobody has cleaned up after become jobs. */
export async function enqueueOpenCleanups(
  connection: QueueConnection,
  producer: Pick<RunProducer, 'enqueueCleanup'>,
  run: { readonly plan: string; readonly jobId: string; readonly timestampMs: number },
): Promise<string[]> {
  const { plan } = run
  const { attempts } = await readLedger(connection, { plan, runId: ledgerRunId(run) })
  const open = attempts.filter(({ state }) => state === 'open').map(({ backup }) => backup)
  for (const backup of open) await producer.enqueueCleanup({ plan, backup })
  return open
}

export function cancelledResult(plan: string, by: string): CancelledResult {
  return { outcome: 'cancelled', plan, by, reason: `cancelled by ${by}` }
}

function wishKey(link: Link, { queue, jobId }: JobRef): string {
  return link.key('cancel', queue, jobId)
}

/** As a worker would take it, but this one run; whoever has taken it already keeps it. */
const takeScript = `
local found = redis.call('LREM', KEYS[1], 1, ARGV[1]) + redis.call('LREM', KEYS[2], 1, ARGV[1])
  + redis.call('ZREM', KEYS[3], ARGV[1]) + redis.call('ZREM', KEYS[4], ARGV[1])
if found == 0 then return 0 end
redis.call('LPUSH', KEYS[5], ARGV[1])
redis.call('SET', KEYS[6], ARGV[2], 'PX', ARGV[3])
return 1`
