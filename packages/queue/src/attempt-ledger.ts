import { linkOf, type QueueConnection } from './open-connection.ts'
import { translateError } from './translate-error.ts'

/** Which backups the attempts of a run set out to make: kept before the first byte is sent. */
export interface AttemptLedger {
  record(attempt: {
    readonly plan: string
    readonly runId: string
    readonly backup: string
  }): Promise<void>
  /** Ids of backups, oldest first; the run may have made one, or none, of them. */
  attemptsOf(run: { readonly plan: string; readonly runId: string }): Promise<string[]>
}

/** Longer than a run's record stays in the queue; what is older is the sweep's. */
const keptMs = 90 * 24 * 3_600_000

/** A run's id in the ledger and in manifests: no other job ever has it, not even in a wiped Redis. */
export function ledgerRunId(job: { readonly jobId: string; readonly timestampMs: number }): string {
  return `${job.jobId}@${job.timestampMs}`
}

export function openAttemptLedger(connection: QueueConnection): AttemptLedger {
  const link = linkOf(connection)
  const keyOf = (run: { plan: string; runId: string }) => link.key('ledger', run.plan, run.runId)
  return {
    async record({ plan, runId, backup }) {
      const key = keyOf({ plan, runId })
      const results = await link.redis
        .multi()
        // Sent twice across a reconnect it is one entry still.
        .lrem(key, 0, backup)
        .rpush(key, backup)
        .pexpire(key, keptMs)
        .exec()
        .catch((error: unknown) => {
          throw translateError(error, link.address)
        })
      const failed = results?.find(([error]) => error !== null)
      if (failed) throw translateError(failed[0], link.address)
    },
    async attemptsOf(run) {
      return await link.redis.lrange(keyOf(run), 0, -1).catch((error: unknown) => {
        throw translateError(error, link.address)
      })
    },
  }
}
