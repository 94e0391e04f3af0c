/**
 * KEYS: places that are held, and who waits: two hashes by owner. A place is
 * `{token, until, names}`, one who waits `{since, seen, sizes}`, in JSON. Times are Redis' own, in
 * milliseconds, but for `since`: many ask within one, and the order must be strict. It is text, since
 * cjson writes no more than 14 digits of a number.
 */
const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/**
 * ARGV: owner, token, ttl, how long one who waits is remembered, sizes in JSON. Answers `held`, or
 * `full`, `new` or `again`, and what there is no room in.
 */
export const acquireLimitsScript: string = `${now}
local owner, sizes = ARGV[1], cjson.decode(ARGV[5])
local room = {}

local function take(names)
  for _, name in ipairs(names) do
    if room[name] and room[name] < 1 then return false end
  end
  for _, name in ipairs(names) do
    if room[name] then room[name] = room[name] - 1 end
  end
  return true
end

local function namesOf(sizes)
  local names = {}
  for name in pairs(sizes) do names[#names + 1] = name end
  return names
end

local mine, before = nil, {}
local waiting = redis.call('HGETALL', KEYS[2])
for at = 1, #waiting, 2 do
  local one = cjson.decode(waiting[at + 1])
  if waiting[at] == owner then mine = one
  elseif now - one.seen > tonumber(ARGV[4]) then redis.call('HDEL', KEYS[2], waiting[at])
  else before[#before + 1] = one end
end
for _, one in ipairs(before) do
  for name, size in pairs(one.sizes) do room[name] = size end
end
for name, size in pairs(sizes) do room[name] = size end

local held = redis.call('HGETALL', KEYS[1])
for at = 1, #held, 2 do
  local place = cjson.decode(held[at + 1])
  if place['until'] < now then redis.call('HDEL', KEYS[1], held[at])
  elseif held[at] ~= owner then
    for _, name in ipairs(place.names) do
      if room[name] then room[name] = room[name] - 1 end
    end
  end
end

local since = mine and mine.since or time[1] .. string.format('%06d', time[2])
table.sort(before, function(a, b) return tonumber(a.since) < tonumber(b.since) end)
for _, one in ipairs(before) do
  if tonumber(one.since) < tonumber(since) then take(namesOf(one.sizes)) end
end
local names = namesOf(sizes)

if take(names) then
  redis.call('HDEL', KEYS[2], owner)
  local place = {token = ARGV[2], names = names}
  place['until'] = now + tonumber(ARGV[3])
  redis.call('HSET', KEYS[1], owner, cjson.encode(place))
  return {'held', ''}
end
redis.call('HSET', KEYS[2], owner, cjson.encode({since = since, seen = now, sizes = sizes}))
local answer = {'full', mine and 'again' or 'new'}
for _, name in ipairs(names) do
  if room[name] < 1 then answer[#answer + 1] = name end
end
return answer`

/** ARGV: owner, token, ttl, names in JSON. Leaves the place to a later attempt of the owner. */
export const renewLimitsScript: string = `${now}
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text and cjson.decode(text).token ~= ARGV[2] then return 0 end
local place = {token = ARGV[2], names = cjson.decode(ARGV[4])}
place['until'] = now + tonumber(ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(place))
return 1`

/** ARGV: owner, token. */
export const releaseLimitsScript = `
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text and cjson.decode(text).token == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0`
