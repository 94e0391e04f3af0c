import type { Job } from 'bullmq'
import { ledgerRunId } from './ledger-record.ts'
import type { Link } from './open-connection.ts'
import { forgetRun } from './run-ledger.ts'
import { planOfJob } from './run-summary.ts'

/** How many ended runs of a plan stay to be looked at. BullMQ itself can count per queue only. */
const kept = { completed: 200, failed: 100 } as const

/** Notes that the run ended so, and removes the plan's runs beyond the last ones that ended so. */
export async function keepRuns(link: Link, job: Job, state: keyof typeof kept): Promise<void> {
  const { queueName } = job
  const queue = link.queue(queueName)
  const list = queue.toKey(`kept:${state}:${planOfJob(job) ?? ''}`)
  const surplus = await link.redis.eval(noteScript, 1, list, job.id ?? '', kept[state])
  for (const id of surplus as string[]) {
    const old = await queue.getJob(id)
    // One that was retried since is in another state, and is noted anew when it ends.
    if (!old || (await old.getState()) !== state) continue
    await old.remove()
    const runId = ledgerRunId({ jobId: id, timestampMs: old.timestamp })
    await forgetRun(link, { plan: planOfJob(old) ?? '', runId })
  }
}

const noteScript = `
redis.call('LREM', KEYS[1], 0, ARGV[1])
redis.call('LPUSH', KEYS[1], ARGV[1])
local surplus = redis.call('LRANGE', KEYS[1], ARGV[2], -1)
redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
return surplus`
