/** A stranger's look at Redis: what is held, what runs, how runs ended. No code of the product. */
import { systemClock } from '@backstream/kernel'
import { sendRedis } from '@backstream/testkit'

export type JobState = 'wait' | 'active' | 'delayed' | 'completed' | 'failed'

export interface AuditedJob {
  readonly queue: string
  readonly id: string
  readonly state: JobState
  readonly plan: string
  readonly failedReason: string
  /** Of a completed run. */
  readonly result: { readonly outcome?: string; readonly backup?: string } | null
  /** To begin later of its own accord: a schedule's next run, a sweep. A clean-up is never that. */
  readonly isArmed: boolean
}

export interface QueueAudit {
  readonly jobs: readonly AuditedJob[]
  /** Leases of plans, locks of runs, places under limits. */
  readonly held: readonly string[]
  /** Plans that have a job scheduler. */
  readonly scheduled: readonly string[]
}

const script = `
local name = ARGV[1]
local seen = { jobs = {}, held = {}, scheduled = {} }
for _, queue in ipairs({ 'backups', 'maintenance' }) do
  local base = name .. ':' .. queue .. ':'
  local function note(state, ids)
    for _, id in ipairs(ids) do
      local data, reason, value, name = unpack(redis.call(
        'HMGET', base .. id, 'data', 'failedReason', 'returnvalue', 'name'))
      local due = state == 'delayed' and redis.call('ZSCORE', base .. 'delayed', id) or '0'
      table.insert(seen.jobs, { queue = queue, id = id, state = state, data = data or '',
        name = name or '', reason = reason or '', value = value or '', due = due })
    end
  end
  note('wait', redis.call('LRANGE', base .. 'wait', 0, -1))
  note('wait', redis.call('LRANGE', base .. 'paused', 0, -1))
  note('wait', redis.call('ZRANGE', base .. 'prioritized', 0, -1))
  note('active', redis.call('LRANGE', base .. 'active', 0, -1))
  note('delayed', redis.call('ZRANGE', base .. 'delayed', 0, -1))
  note('completed', redis.call('ZRANGE', base .. 'completed', 0, -1))
  note('failed', redis.call('ZRANGE', base .. 'failed', 0, -1))
  for _, plan in ipairs(redis.call('ZRANGE', base .. 'repeat', 0, -1)) do
    table.insert(seen.scheduled, plan)
  end
end
local cursor = '0'
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', name .. ':*', 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    if string.find(key, ':lock$') or string.find(key, ':lease:') then
      table.insert(seen.held, string.sub(key, #name + 2))
    end
  end
until cursor == '0'
local time = redis.call('TIME')
local places = redis.call('HGETALL', name .. ':limits:held')
for at = 1, #places, 2 do
  if cjson.decode(places[at + 1])['until'] > time[1] * 1000 then
    table.insert(seen.held, 'a place of ' .. places[at])
  end
end
return cjson.encode(seen)`

export async function auditQueue(redisUrl: string, name: string): Promise<QueueAudit> {
  const reply = await sendRedis(redisUrl, ['EVAL', script, '0', name])
  const [, text] = /^\$\d+\r\n(.*)\r\n\+OK\r\n$/s.exec(reply) ?? []
  if (text === undefined) throw new Error(`Redis answered ${reply.slice(0, 200)}`)
  const seen = JSON.parse(text) as Record<'jobs' | 'held' | 'scheduled', object>
  // Lua has one empty table for lists and maps.
  return {
    jobs: (Object.values(seen.jobs) as Raw[]).map(toJob),
    held: Object.values(seen.held) as string[],
    scheduled: Object.values(seen.scheduled) as string[],
  }
}

interface Raw extends Pick<AuditedJob, 'queue' | 'id' | 'state'> {
  readonly name: string
  readonly data: string
  readonly reason: string
  readonly value: string
  readonly due: string
}

function toJob({ queue, id, state, name, data, reason, value, due }: Raw): AuditedJob {
  const fields = parse(data) as { plan?: unknown } | null
  return {
    ...{ queue, id, state },
    plan: typeof fields?.plan === 'string' ? fields.plan : '',
    failedReason: reason,
    result: parse(value) as AuditedJob['result'],
    // BullMQ keeps the time in the upper bits. A run that is tried again never waits for so long.
    isArmed: name !== 'backup.cleanup' && Number(due) / 4096 > systemClock.now() + 60_000,
  }
}

function parse(text: string): unknown {
  return text === '' ? null : JSON.parse(text)
}
