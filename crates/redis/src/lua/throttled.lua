-- The platform responded with 429: all processes pause for Retry-After, and the rate falls for all of them.
-- KEYS: the state of the caller. ARGV: Retry-After in microseconds, whether the rate adapts, the factor by which it falls,
--       the number of windows.
local function clock() return redis.call('TIME') end
local t = clock()
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
local asked, adapts, fall = tonumber(ARGV[1]), ARGV[2] == '1', tonumber(ARGV[3])
local AHEAD = 86400000000
local state, read = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #read, 2 do state[read[i]] = read[i + 1] end
local function moment(name)
  local value = tonumber(state[name])
  if not value or value ~= value or value < 0 or value > now + AHEAD then return 0 end
  return value
end
local function whole(value) return string.format('%.0f', value) end

local hold = math.max(moment('hold'), now + math.min(asked, AHEAD / 2))
-- A new epoch: turns that were reserved and not used yet are void, and those of the same instant get another name.
local epoch = math.max(now, moment('epoch') + 1)
local write = { 'now', whole(now), 'epoch', whole(epoch), 'hold', whole(hold), 'pause', whole(hold) }
for i = 1, tonumber(ARGV[4]) do
  write[#write + 1] = 't' .. i
  write[#write + 1] = string.format('%.3f', math.min(math.max(moment('t' .. i), now), hold))
end
-- Requests that were sent before the rate fell belong to the same burst.
if adapts and now - moment('fell') >= 1000000 then
  local begin = moment('begin')
  local sent = (tonumber(state.current) or 0) + (tonumber(state.previous) or 0)
  local span = math.max(now - begin, 1000000) + ((tonumber(state.previous) or 0) > 0 and 1000000 or 0)
  local measured = begin > 0 and sent > 0 and sent * 1000000 / span or 0.5
  local learnt = tonumber(state.learnt)
  local fast = math.min(math.max(learnt or measured, 0.1), 999999)
  learnt = math.max(math.min(learnt or measured, measured) * fall, 0.5)
  for _, item in ipairs({
    'fell', whole(now), 'changed', whole(now), 'fast', string.format('%.17g', fast),
    'learnt', string.format('%.17g', learnt),
  }) do
    write[#write + 1] = item
  end
end
redis.call('HSET', KEYS[1], unpack(write))
redis.call('EXPIRE', KEYS[1], math.max(3600, math.ceil((hold - now) / 1000000) + 60))
return whole(epoch)
