# gdb.sh: gdb sees compiled code: breakpoints by source line, its name, its line, its callers to main, until it is freed.
. "$(dirname "$0")/lib.sh"
cd "$TMP"
cat >hot.lua <<'END'
local js = require "jitstat"
local function work(n)
  local t, s = {}, ""
  for i = 1, n do
    s = "a" .. i
    t[s] = i
  end
  return t[s]
end
print("work", work(1000))
js.releaseall()
debug.sethook()
print("released", js.get_stats_snapshot().counters.TOTAL_FREED_LOOPS > 0)
END
# debug OUT COMMANDS PROGRAM...: gdb in batch mode
debug() {
    local out=$1 commands=$2
    shift 2
    printf '%s\n' 'set breakpoint pending on' 'set width 0' "$commands" >commands
    gdb -nx -batch -x commands --args "$@" </dev/null >"$out" 2>&1
}
# whole NAME FILE: a stack goes from the trace through jit_run to main, with nothing unknown
whole() {
    perl -0777 -ne 'exit !/#\d+ +(?:0x\w+ in )?lua_[a-z]+_\d+:hot\.lua:\d+ \(\) at hot\.lua:[56]\n#\d+ .*? in jit_run \((?:.*\n)*?#\d+ .*? in main \(/; ' "$2"
    equal "$1" $? 0
    check "$1: nothing unknown in it" sh -c '! grep -qF "??" "$1"' sh "$2"
}

# In the trace; in a helper that it calls; after it was freed.
JITSTAT=gdb=1 debug out 'break hot.lua:6
run
echo \n== trace\n
bt
info symbol $pc
info line *$pc
set $at = $pc
set $saved = *(long *)($rbp - 8)
up
print "rbx of the caller", $rbx == $saved
delete
break trh_concat
continue
echo \n== helper\n
bt
up
list
delete
break lua_sethook
continue
echo \n== freed\n
info symbol $at
delete
continue' "$BIN/jitlua" hot.lua
sed -n '/^== trace/,/^== helper/p' out >trace
sed -n '/^== helper/,/^== freed/p' out >helper
sed -n '/^== freed/,$p' out >freed
has "a breakpoint by source line stops in the trace" out '^Breakpoint 1, lua_loop_[0-9]+:hot.lua:5 \(\) at hot.lua:6'
whole "the stack from the trace" trace
has "the name of its address" trace '^lua_loop_[0-9]+:hot.lua:5( \+ [0-9]+)? in section .text'
has "the line of its address" trace '^Line 6 of "hot.lua"'
has "the caller's registers are found" trace '= 1$'
has "a breakpoint in a helper" helper '^#0 +trh_concat '
whole "the stack from a helper" helper
has "the source" helper '^5.*s = "a" \.\. i'
has "freed: no name" freed '^No symbol matches'
has "the program's result is the same" out '^work	1000'
has "it really was freed" freed '^released	true'

# Off unless asked for.
debug off 'break lua_sethook
run
print __jit_debug_descriptor.first_entry' "$BIN/jitlua" hot.lua
has "without the parameter there is nothing in the list" off '^\$1 = .*0x0$'

# The library, in a process that runs already: what is in the list is found.
cat >on.lua <<'END'
local function work()
  local s = 0
  for i = 1, 1000 do
    s = s + i % 7
  end
  return s
end
for i = 1, 100 do work() end
print "up"
io.stdout:flush()
while true do work() end
END
JITSTAT=gdb=1 LD_LIBRARY_PATH=$BIN says up '^up$' "$BIN/e2e/lua-dyn" on.lua
gdb -nx -batch -p $PID -ex 'set width 0' -ex 'break on.lua:4' -ex continue -ex bt -ex 'info symbol $pc' >out 2>&1 </dev/null
kill -9 $PID
wait $PID 2>/dev/null
sed 's/on\.lua:4/hot.lua:6/; s/on\.lua/hot.lua/g' out | sed -n '/^#0/,$p' >trace
has "the library's traces are found by gdb -p" trace '^#0 +lua_[a-z]+_[0-9]+:hot.lua:[0-9]+ \(\) at hot.lua:6$'
whole "the stack in the library" trace
[ $BAD = 0 ] || sed "s,^,# ," out
finish
