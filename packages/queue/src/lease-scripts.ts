/**
 * The questions of lease.ts, each asked and answered at one moment. KEYS: the lease, then the fence.
 * A lease's value is `token since owner`.
 */

/**
 * ARGV: value, ttl, owner. Answers with the other owner, or with the fence as it is. Sent twice across
 * a reconnect it finds its own first copy, which is of the same owner.
 */
export const acquireScript = `
local holder = redis.call('GET', KEYS[1])
local owner = holder and string.match(holder, '^%S+ %d+ (.*)$')
if owner and owner ~= ARGV[3] then return {'held', owner} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {'taken', redis.call('GET', KEYS[2]) or ''}`

/** ARGV: value, floor. Nil when the lease is not ours. */
export const drawFenceScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return nil end
local drawn = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'), tonumber(ARGV[2])) + 1
redis.call('SET', KEYS[2], string.format('%.0f', drawn))
return drawn`

/** ARGV: value, fence. A missing key is a no. */
export const mayCommitScript = `
local drawn = redis.call('GET', KEYS[2])
if redis.call('GET', KEYS[1]) == ARGV[1] and drawn and tonumber(drawn) <= tonumber(ARGV[2]) then
  return 1
end
return 0`

/** ARGV: value, ttl, the fence as it was when the lease was last ours ('' when none was drawn yet). */
export const renewScript = `
local holder = redis.call('GET', KEYS[1])
local drawn = redis.call('GET', KEYS[2]) or ''
if holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {'renewed', drawn}
end
if not holder and drawn ~= '' and drawn == ARGV[3] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return {'taken-again', drawn}
end
return {'lost', drawn}`

/** ARGV: value, ms. */
export const leaveScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return nil`

/** ARGV: value. */
export const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return nil`

/** ARGV: owner. */
export const releaseOfScript = `
local holder = redis.call('GET', KEYS[1])
if holder and string.match(holder, '^%S+ %d+ (.*)$') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return nil`
