-- Compiles a loop with a bridge and an inlined function of another file, and writes what its compile hook saw: for
-- dump.sh. Then waits for its input to end.
local js = require "jitstat"
js.set_param("threshold=10,trace_eagerness=4")
local inner = load("\nreturn function(x) return x + 1.5 end", "@other.lua")()
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
js.set_compile_hook(function(info)
  local no = info.type == "bridge" and info.bridge_no or info.loop_no
  print("trace", no, info.asmlen, hex(js.code_bytes(info)))
  for i, op in ipairs(info.operations) do print("op", no, i - 1, op.line, op.offset, (op.text:gsub(" %[.*", ""))) end
end)
local function main(n)
  local s = 0
  for i = 1, n do
    if i % 5 == 0 then s = inner(s) else s = s + i end
  end
  return s
end
js.enable_debug()
print("result", main(5000))
print("ready")
io.stdout:flush()
io.read()
