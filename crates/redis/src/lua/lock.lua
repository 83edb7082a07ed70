-- Acquires a lock. Each holder gets a fencing number above that of every holder before it, also after a loss of data: it is at least the
-- server's time.
-- KEYS: the lock (hash), the last fencing number. ARGV: owner as JSON, time to live in milliseconds.
local held = redis.call('HMGET', KEYS[1], 'owner', 'fence')
if held[1] and held[1] ~= ARGV[1] then
  return { 0, held[1], math.max(redis.call('PTTL', KEYS[1]), 0) }
end
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local last = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
if last ~= last or last < 0 or last > 2 * now then last = 0 end
local fence = string.format('%.0f', math.max(last + 1, now))
redis.call('SET', KEYS[2], fence)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fence', fence)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { 1, fence, ARGV[2] }
