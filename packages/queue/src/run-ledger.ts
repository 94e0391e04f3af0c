/**
 * What a run's attempts set out to make, kept before the first byte is sent, and who works on the run.
 *
 * - Every few seconds an execution writes down all it knows of its run, so that a Redis that was wiped
 *   learns again that it is alive, and of what must be cleaned up.
 * - An execution that ended is taken out. One that is still there when the next begins has crashed:
 *   BullMQ counts stalls, also those of workers that were only cut off, and never fails a scheduled run.
 * - Which backup a run committed is known until its job's record is removed, so that a run that is
 *   begun again after its commit does not make a second one.
 */
import { randomUUID } from 'node:crypto'
import { describeError, type Logger } from '@backstream/kernel'
import { endsWithin } from './ends-within.ts'
import {
  type AttemptState,
  type LedgerRecord,
  type LedgerRun,
  ledgerKeys,
  mapOfPairs,
  parseRecord,
  type RecordedAttempt,
} from './ledger-record.ts'
import { endScript, heartbeatScript, settleScript } from './ledger-scripts.ts'
import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { translateError } from './translate-error.ts'

/** The ledger of one run, for the execution that is at it. */
export interface RunLedger {
  readonly runId: string
  /** What earlier attempts set out to make, oldest first. */
  readonly earlier: readonly RecordedAttempt[]
  /** Rejects unless it is written down. */
  record(backup: string): Promise<void>
  /** What became of it. Never rejects: unsaid, it is looked at once more than needed. */
  settle(backup: string, state: Exclude<AttemptState, 'open'>): Promise<void>
}

export interface Execution {
  readonly ledger: RunLedger
  /** In which phases earlier executions of the run died. */
  readonly crashedIn: readonly string[]
  setPhase(phase: string): void
  /** The crashes count no more: somebody was told of them. */
  forgiveCrashes(): Promise<void>
  /** Never rejects. */
  end(): Promise<void>
}

/** More than any run's record is likely to stay in the queue; it goes with the record, see keepRuns. */
const keptMs = 400 * 24 * 3_600_000
const heartbeatEveryMs = 5_000
const endingMs = 2_000

export async function beginExecution(
  link: Link,
  run: LedgerRun & { readonly queue: string; readonly jobId: string },
  by: { readonly worker: string; readonly host: string; readonly logger: Logger },
): Promise<Execution> {
  const { worker, host, logger } = by
  const { queue, jobId, runId } = run
  const token = randomUUID()
  const keys = ledgerKeys(link, run)
  const job = JSON.stringify({ queue, jobId })
  const known = new Map<string, AttemptState>()
  let phase = 'preflight'
  let writing: Promise<unknown> = Promise.resolve()

  function write(): Promise<LedgerRecord> {
    const written = send()
    writing = Promise.allSettled([writing, written])
    return written
  }

  async function send(): Promise<LedgerRecord> {
    const start = JSON.stringify({ worker, host, phase })
    const args = [runId, keptMs, token, start, job, ...[...known].flat()]
    const pairs = await reach(link, link.redis.eval(heartbeatScript, 2, ...keys, ...args))
    return parseRecord(mapOfPairs(pairs as string[]))
  }

  async function noteEnd(): Promise<void> {
    const record = link.queue(queue).toKey(jobId)
    try {
      // A heartbeat that is still on its way would bring the execution back.
      await writing
      // By the client that waits for Redis: what is not taken out here counts as a crash for ever.
      await link.patientRedis().eval(endScript, 3, ...keys, record, runId, token)
    } catch (error) {
      logger.debug({ run: runId, err: error }, `end not noted: ${describeError(error)}`)
    }
  }

  const before = await write()
  for (const { backup, state } of before.attempts) known.set(backup, state)
  const crashed = before.starts.filter((start) => start.token !== token)
  const beat = (): void => {
    write().catch((error: unknown) => {
      logger.debug({ run: runId, err: error }, `no heartbeat: ${describeError(error)}`)
    })
  }
  const beating = setInterval(beat, heartbeatEveryMs)
  let hasEnded = false

  return {
    ledger: {
      runId,
      earlier: before.attempts,
      async record(backup) {
        known.set(backup, 'open')
        await write()
      },
      async settle(backup, state) {
        known.set(backup, state)
        const settled = link.redis.eval(settleScript, 1, keys[0], backup, state)
        await settled.catch((error: unknown) => {
          logger.debug({ run: runId, backup, err: error }, `not settled: ${describeError(error)}`)
        })
      },
    },
    crashedIn: crashed.map((start) => start.phase),
    setPhase(next) {
      if (next === phase || hasEnded) return
      phase = next
      // At once: a worker that is killed soon after must not be said to have died in the phase before.
      beat()
    },
    async forgiveCrashes() {
      const fields = crashed.flatMap((one) => [`start:${one.token}`, `seen:${one.token}`])
      if (fields.length > 0) await reach(link, link.redis.hdel(keys[0], ...fields))
    },
    async end() {
      hasEnded = true
      clearInterval(beating)
      await endsWithin(noteEnd(), endingMs)
    },
  }
}

/** What is known of a run that is at rest. */
export async function readLedger(
  connection: QueueConnection,
  run: LedgerRun,
): Promise<LedgerRecord> {
  const link = linkOf(connection)
  const hash = await reach(link, link.redis.hgetall(ledgerKeys(link, run)[0]))
  return parseRecord(new Map(Object.entries(hash)))
}

export async function forgetRun(link: Link, run: LedgerRun): Promise<void> {
  const [record, index] = ledgerKeys(link, run)
  await link.redis.multi().del(record).zrem(index, run.runId).exec()
}

async function reach<T>(link: Link, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw translateError(error, link.address)
  }
}
