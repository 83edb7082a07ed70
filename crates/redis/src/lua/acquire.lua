-- Reserves turns for one process, or says when the first one would come. One call, the server's time.
-- KEYS: the state of the caller (hash), who was seen when (sorted set), the processes (hash).
-- ARGV: process, need, want, within, validity, most slots, slots in use, slots wanted, lease, callers queued, windows,
--       then for each window: the interval of one request and the burst. Times are in microseconds.
local function clock() return redis.call('TIME') end
local t = clock()
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
local process = ARGV[1]
local need, want, within, validity = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local most, used, wanted, lease = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local queued, windows = ARGV[10], tonumber(ARGV[11])
local AHEAD = 86400000000 -- a time further in the future was not written by this script
local FAR = 250000 -- a turn further away is reserved alone: a process that is killed while it waits loses one, not a batch
local IDLE = 3600 -- seconds until the state of a caller without calls is forgotten

local state, read = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #read, 2 do state[read[i]] = read[i + 1] end

-- The clock of the server was set back, or a replica has another one: what it wrote moves with it.
local last = tonumber(state.now)
local shift = 0
if last and last > now + 1000000 and last < now + 100 * AHEAD then shift = now - last end
local function moment(name)
  local value = tonumber(state[name])
  if not value or value ~= value then return nil end
  value = value + shift
  if value < 0 or value > now + AHEAD then return nil end
  return value
end
local function whole(value) return string.format('%.0f', value) end

-- A state that is new, lost or damaged begins without a burst.
local fresh = not moment('epoch')
local epoch = fresh and whole(now) or state.epoch
local hold = moment('hold') or 0
local tat, each, burst = {}, {}, {}
for i = 1, windows do
  each[i], burst[i] = tonumber(ARGV[10 + 2 * i]), tonumber(ARGV[11 + 2 * i])
  tat[i] = not fresh and moment('t' .. i) or now + (burst[i] - 1) * each[i]
end

-- The rate learnt from 429 rises every five seconds and is dropped where it no longer matters.
local learnt, fast = tonumber(state.learnt), tonumber(state.fast)
local changed = moment('changed')
if learnt and not (learnt >= 0.1 and learnt < 1000000 and fast and changed) then learnt = nil end
if learnt and now - changed >= 5000000 then
  learnt, changed = learnt * 1.25, now
  if learnt >= fast * (windows > 0 and 0.999 or 1.999) then learnt = nil end
end
local pause = moment('pause') or 0

-- Who is active, and how many requests each may have in flight.
redis.call('ZADD', KEYS[2], whole(now), process)
local total = tonumber(state.slots)
if shift ~= 0 then
  redis.call('DEL', KEYS[2], KEYS[3])
  redis.call('ZADD', KEYS[2], whole(now), process)
  total = 0
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', whole(now - lease), 'LIMIT', 0, 100)) do
  local entry = redis.call('HGET', KEYS[3], gone)
  if total and entry then total = total - (tonumber(string.match(entry, '^(%d+)|')) or 0) end
  redis.call('HDEL', KEYS[3], gone)
  redis.call('ZREM', KEYS[2], gone)
end
local active = redis.call('ZCARD', KEYS[2])
local entry = redis.call('HGET', KEYS[3], process)
local mine = entry and tonumber(string.match(entry, '^(%d+)|')) or 0
local before = entry and tonumber(string.match(entry, '^%d+|(%d+)|')) or 0
local slots = 0
if most > 0 then
  if not total or total < mine or total > 1000000 then
    total = 0
    for _, each_entry in ipairs(redis.call('HVALS', KEYS[3])) do
      total = total + (tonumber(string.match(each_entry, '^(%d+)|')) or 0)
    end
  end
  local share = math.max(1, math.floor(most / active))
  local free = math.max(0, most - (total - mine))
  slots = math.min(wanted, free)
  local scarce = moment('scarce') or 0
  if slots < math.min(wanted, share) then scarce = now; state.scarce = whole(now) end
  if now - scarce < lease then slots = math.min(slots, share) end
  slots = math.max(slots, used)
  need = math.min(need, slots - used)
  want = math.min(want, slots - used)
  total = total - mine + slots
end

-- Generic cell rate: a request of window i may come at tat[i] + each[i] - burst[i] * each[i].
local granted, first, wait, late = 0, now, 0, 0
for turn = 1, want do
  local at = math.max(now, hold)
  local plenty = now >= hold
  for i = 1, windows do
    at = math.max(at, tat[i] + each[i] - burst[i] * each[i])
    if tat[i] + each[i] - burst[i] * each[i] / 2 > now then plenty = false end
  end
  if learnt then
    at = math.max(at, pause)
    plenty = false
  end
  if turn == 1 then
    wait, first = at - now, at
    if wait > within then late = 1; break end
  elseif wait > FAR or at - first > validity or (turn > need and not (plenty and at <= now)) then
    break
  end
  for i = 1, windows do tat[i] = math.max(tat[i], at) + each[i] end
  if learnt then pause = math.max(pause, at) + 1000000 / learnt end
  granted = turn
end

-- Requests of the current and the previous second, from which a 429 learns the rate.
local begin = moment('begin') or now
local current, previous = tonumber(state.current) or 0, tonumber(state.previous) or 0
if now - begin >= 2000000 then
  begin, current, previous = now, 0, 0
elseif now - begin >= 1000000 then
  begin, current, previous = begin + 1000000, 0, current
end
current = current + granted

local write = {
  'now', whole(now), 'epoch', epoch, 'hold', whole(hold), 'begin', whole(begin), 'current', whole(current),
  'previous', whole(previous), 'pause', string.format('%.3f', pause), 'slots', whole(total or 0), 'scarce', state.scarce or '0',
}
for i = 1, windows do
  write[#write + 1] = 't' .. i
  write[#write + 1] = string.format('%.3f', tat[i])
end
if learnt then
  for _, item in ipairs({ 'learnt', string.format('%.17g', learnt), 'fast', state.fast, 'changed', whole(changed) }) do
    write[#write + 1] = item
  end
else
  redis.call('HDEL', KEYS[1], 'learnt', 'fast', 'changed')
end
redis.call('HSET', KEYS[1], unpack(write))
redis.call('HSET', KEYS[3], process,
  table.concat({ whole(slots), whole(before + granted), whole(wait), queued }, '|'))
for i = 1, 3 do redis.call('EXPIRE', KEYS[i], IDLE) end
return { granted, whole(wait), late, epoch, active, slots, learnt and string.format('%.17g', learnt) or '0' }
