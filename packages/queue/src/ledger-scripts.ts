/**
 * The ledger's changes, each made at one moment. KEYS: the record of the run (a hash), the index of
 * the plan (a sorted set of run ids by the time they were last heard of). Times are Redis' own.
 *
 *     attempt:<backup>   open | cleaned | committed
 *     start:<token>      JSON: worker, host, phase: one execution that has not ended
 *     seen:<token>       when that execution was last heard of
 *     job                JSON: queue and job id
 */
const now = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end`

/**
 * ARGV: run id, time to live, token, start, job, then backups and states in turn: what this execution
 * knows, so that a Redis that was wiped learns it again. What others have written since stays.
 */
export const heartbeatScript: string = `${now}
local seen = now()
redis.call('HSET', KEYS[1], 'start:' .. ARGV[3], ARGV[4], 'seen:' .. ARGV[3], seen, 'job', ARGV[5])
for at = 6, #ARGV, 2 do
  local field = 'attempt:' .. ARGV[at]
  local before = redis.call('HGET', KEYS[1], field)
  if not before or (before == 'open' and ARGV[at + 1] ~= 'open') then
    redis.call('HSET', KEYS[1], field, ARGV[at + 1])
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], seen, ARGV[1])
return redis.call('HGETALL', KEYS[1])`

/** ARGV: backup, state. What is committed stays so. */
export const settleScript = `
local field = 'attempt:' .. ARGV[1]
if redis.call('HGET', KEYS[1], field) ~= 'committed' then
  redis.call('HSET', KEYS[1], field, ARGV[2])
end
return nil`

/**
 * ARGV: run id, token. KEYS[3]: the job's record; without one nobody will ask for this run again, and
 * what its attempts may have left is the sweep's.
 */
export const endScript = `
redis.call('HDEL', KEYS[1], 'start:' .. ARGV[2], 'seen:' .. ARGV[2])
local isOpen = false
local record = redis.call('HGETALL', KEYS[1])
for at = 1, #record, 2 do
  if string.sub(record[at], 1, 6) == 'start:' or record[at + 1] == 'open' then isOpen = true end
end
if not isOpen then redis.call('ZREM', KEYS[2], ARGV[1]) end
if not isOpen and redis.call('EXISTS', KEYS[3]) == 0 then redis.call('DEL', KEYS[1]) end
return nil`
