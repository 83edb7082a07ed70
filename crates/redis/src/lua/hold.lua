-- Extends or releases a lock, if it is held with this fencing number.
-- KEYS: the lock (hash). ARGV: owner as JSON, fencing number or '' for any, time to live in milliseconds or 0 to release.
local held = redis.call('HMGET', KEYS[1], 'owner', 'fence')
if held[1] ~= ARGV[1] or (ARGV[2] ~= '' and held[2] ~= ARGV[2]) then return 0 end
if ARGV[3] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1
