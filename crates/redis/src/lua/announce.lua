-- Announces a new generation: the number is for those who poll, the message for those who listen.
-- KEYS: the number, which is the name of the channel too.
local number = redis.pcall('INCR', KEYS[1])
if type(number) == 'table' then
  redis.call('SET', KEYS[1], '1')
  number = 1
end
redis.call('PUBLISH', KEYS[1], number)
return number
