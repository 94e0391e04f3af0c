import type { Link } from './open-connection.ts'

/**
 * Takes the lock of a job again that ran out while Redis was away, if nobody else has the job by now.
 * BullMQ by itself lets such a run go on without a lock, and has it begun a second time.
 */
export async function regainLock(
  link: Link,
  held: { readonly queue: string; readonly jobId: string; readonly token: string },
  durationMs: number,
): Promise<boolean> {
  const queue = link.queue(held.queue)
  const keys = [queue.toKey(`${held.jobId}:lock`), queue.toKey('active'), queue.toKey('stalled')]
  const regained = await link.redis.eval(script, 3, ...keys, held.token, held.jobId, durationMs)
  return regained === 1
}

const script = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
if not redis.call('LPOS', KEYS[2], ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('SREM', KEYS[3], ARGV[2])
return 1`
