import { ledgerIndexKey, ledgerKeys, parseRecord } from './ledger-record.ts'
import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { translateError } from './translate-error.ts'

/** What the queue can say to whoever sweeps. All ages are by the clock of Redis. */
export interface SweepWitness {
  /** Backups, as `plan/id`, that runs under way or between two attempts set out to make. */
  liveAttempts(plans: readonly string[]): Promise<ReadonlySet<string>>
  /** How long this Redis has kept what is written in it: nothing is known of before. */
  rememberedForMs(): Promise<number>
  /** For how long `what` has been seen in this very `state`; notes it now, unless only looking. */
  seenForMs(what: string, state: string, options: { readonly isLookOnly: boolean }): Promise<number>
}

/** An execution that has not been heard of for so long is dead: twelve heartbeats. */
const aliveMs = 60_000
/** Sightings that nobody asked about for so long are forgotten, all together. */
const sightingsKeptMs = 30 * 24 * 3_600_000

export function openSweepWitness(connection: QueueConnection): SweepWitness {
  const link = linkOf(connection)
  const reach = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer
    } catch (error) {
      throw translateError(error, link.address)
    }
  }
  return {
    async liveAttempts(plans) {
      const live = await Promise.all(plans.map((plan) => reach(liveOf(link, plan))))
      return new Set(live.flat())
    },
    rememberedForMs: () => reach(noteLife(link)),
    async seenForMs(what, state, { isLookOnly }) {
      const args = [what, state, isLookOnly ? 1 : 0, sightingsKeptMs]
      return Number(await reach(link.redis.eval(seenScript, 1, link.key('sightings'), ...args)))
    },
  }
}

/**
 * Notes when this Redis began to remember, once in its life; returns how long ago that was. Asked for
 * by every worker and scheduler all the time, so that a life begins soon after a wipe.
 */
export async function noteLife(link: Link): Promise<number> {
  return Number(await link.redis.eval(lifeScript, 1, link.key('life')))
}

async function liveOf(link: Link, plan: string): Promise<string[]> {
  const index = ledgerIndexKey(link, plan)
  const live: string[] = []
  for (const runId of await link.redis.zrange(index, '0', '-1')) {
    const [key] = ledgerKeys(link, { plan, runId })
    const record = parseRecord(new Map(Object.entries(await link.redis.hgetall(key))))
    const open = record.attempts.filter(({ state }) => state === 'open')
    const newest = Math.max(0, ...record.starts.map(({ seenAtMs }) => seenAtMs))
    const isAlive = (await redisTime(link)) - newest < aliveMs
    if (open.length > 0 && (isAlive || (await isUnfinished(link, record.job)))) {
      live.push(...open.map(({ backup }) => `${plan}/${backup}`))
    }
  }
  return live
}

/** Whether the queue will begin the run again, or believes that it is under way. */
async function isUnfinished(
  link: Link,
  job: { readonly queue: string; readonly jobId: string } | null,
): Promise<boolean> {
  if (!job) return false
  const state = await link.queue(job.queue).getJobState(job.jobId)
  return state !== 'completed' && state !== 'failed' && state !== 'unknown'
}

async function redisTime(link: Link): Promise<number> {
  const [seconds, micros] = await link.redis.time()
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
}

const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

const lifeScript = `${now}
redis.call('SET', KEYS[1], now, 'NX')
return now - tonumber(redis.call('GET', KEYS[1]))`

/** ARGV: what, state, 1 to look only, how long to keep. The value is \`since state\`. */
const seenScript = `${now}
local since, state = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^(%d+) (.*)$')
if since and state == ARGV[2] then return now - tonumber(since) end
if ARGV[3] ~= '1' then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return 0`
