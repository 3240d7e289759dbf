-- count.lua: LUA_INIT of fuzzed programs. When the state is closed, a line with what was compiled goes to the file in COUNTS:
-- loops, bridges, entries into machine code, recordings that ended because recorder and interpreter did not agree.
local js = require "jitstat"
local last = setmetatable({}, {__gc = function()
  local s = js.get_stats_snapshot()
  local c = s.counters
  local f <close> = assert(io.open(os.getenv "COUNTS", "a"))
  f:write(c.TOTAL_COMPILED_LOOPS, " ", c.TOTAL_COMPILED_BRIDGES, " ", s.trace_entries, " ", c.ABORT_BAD_LOOP + c.ABORT_BRIDGE, "\n")
end})
debug.getregistry()[{}] = last
