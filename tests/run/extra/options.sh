#!/bin/bash
# options.sh BINDIR: jitlua's command line beside lua5.4's. Each case runs both with the same words, standard input and
# environment and compares output, error output (the program's own name aside) and exit status; the end of the file is
# a session at the prompt: continuation lines, history, Ctrl-C in a compiled loop.
set -u
bin=$(realpath -- "${1:?usage: $0 BINDIR}")/jitlua
ref=$(type -P lua5.4) || { echo "no lua5.4" >&2; exit 1; }
work=$(mktemp -d)
tmux_at() { tmux -f /dev/null -L "jitlua-$$" "$@"; }
trap 'tmux_at kill-server 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset LUA_INIT LUA_INIT_5_4 LUA_PATH LUA_PATH_5_4 LUA_CPATH LUA_CPATH_5_4
export LC_ALL=C TERM=xterm
passed=0 failed=0
ok() { passed=$((passed + 1)); }
not_ok() { failed=$((failed + 1)); echo "not ok - $1"; }

cat >script.lua <<'LUA'
print(#arg, arg[0], arg[-1] ~= nil, ...)
for i = 1, #arg do print(i, arg[i]) end
LUA
echo 'return {name = ...}' >mod.lua
echo 'local s = 0 for i = 1, 200 do s = s + i end print(s)' >'-dash.lua'
echo 'print(1' >broken.lua
echo 'error("deep")' >raise.lua
echo 'error(setmetatable({}, {__tostring = function() return "object" end}))' >object.lua
echo 'warn("@on") warn("one ", "two") warn("@off") warn("three")' >warn.lua
echo 'print("from init")' >init.lua
printf '#!/usr/bin/lua\nprint("first line skipped")\n' >sharp.lua
"$ref" -e 'io.open("chunk.luac", "wb"):write(string.dump(function() end))'

run() { # PROGRAM OUT: the case in ${words[@]}, $input
    printf '%s' "$input" | timeout 20 "$1" "${words[@]}" >"$2.out" 2>"$2.err"
    echo "$?" >"$2.status"
    sed -i "s|$1|LUA|g" "$2.out" "$2.err"
}
same() { # WORD...: both do the same
    local part
    words=("$@")
    run "$bin" ours
    run "$ref" theirs
    for part in out err status; do
        cmp -s "ours.$part" "theirs.$part" && continue
        not_ok "$part of: $* ${input:+(with input)}"
        diff "theirs.$part" "ours.$part" | head -n 6
        return
    done
    ok
}
input=
same script.lua a 'b c' ''
same -- script.lua x
same -- -dash.lua
same -e 'print(1)' -e 'x = 2' -e 'print(x)'
same -e'print("close")' script.lua 1
same -l mod -e 'print(mod.name)'
same -l m=mod -e 'print(m.name)'
same -lmod -e 'print(type(mod))'
same -l nothere
same -W warn.lua
same warn.lua
same -W -e 'warn("w")'
same -v
same -v -e 'print(1)'
same broken.lua
same raise.lua
same object.lua
same -e 'error({})'
same -e 'error()'
same -e 'error("at level 2", 2)'
same -e 'local t <close> = setmetatable({}, {__close = function() print("closed") end}) error("e")'
same nothere.lua
same sharp.lua
same -e 'os.exit(7)'
same -e 'os.exit(true, true)'
same -e 'os.exit(false)'
same -e 'io.stdout:write("no newline") os.exit(3, true)'
same -i -e 'print(_PROMPT)' script.lua
same -E -e 'print(package.path, package.cpath)'
same -e 'print(arg[0], arg[1], arg[-1] == nil, #arg)' script.lua
same -e 'string.rep("x", -1)()'
same -e 'local function f() return f() + 1 end f()'
same -e 'coroutine.wrap(function() error("in coroutine") end)()'
same -e 'print(select("#", ...), ...)' one
input='print("stdin", ...)' same - a b
input='print("stdin")' same
input='x = 5 return x' same
input='= 1' same -
input=$'1 + 1\nx = 3\nx,\n"two"\nfor i = 1, 2 do\nprint(i)\nend\nerror("at prompt")\n' same -i
LUA_INIT='print("init")' same -e 'print(2)'
LUA_INIT=@init.lua same script.lua
LUA_INIT_5_4='print("5.4")' LUA_INIT='print("any")' same -e ''
LUA_INIT='error("bad init")' same -e 'print(2)'
LUA_INIT='print("init")' same -E -e 'print(2)'
LUA_PATH='?.x;;' same -e 'print(package.path)'
LUA_PATH_5_4='./?.lua' same -l mod -e 'print(mod.name)'

# words of options in odd places and forms
same -- - a
same -l ''
same -l =x
same -l g=
same ''
same -e ''
same -e 'for i = -9, 9 do if arg[i] then print(i, arg[i]) end end' -- script.lua x
same -e 'print(1)' -i
same -e 'x x' -i
same -i broken.lua
same -e 'error("a")' -e 'print("not reached")'
same -e 'warn("off")' -W -e 'warn("on")'
same -e 'arg = nil' script.lua
same -e 'arg = {1, 2}' script.lua
same -e 'arg = setmetatable({}, {__len = function() return 3 end, __index = function(_, k) return k end})' script.lua
same -e 'debug.sethook(function() error("in a hook") end, "l")' script.lua
input='print("stdin", arg[0], arg[1], arg[-1] ~= nil, ...)' same - x
input='print(io.read("l"))
a line' same -
# error objects and ways to end
same -e 'error(setmetatable({}, {__tostring = function() return 5 end}))'
same -e 'error(setmetatable({}, {__tostring = function() error("again") end}))'
same -e 'error(12)'
same -e 'error(true)'
same -e 'error("two\nlines")'
same -e 'error("nul\0behind")'
same -e 'coroutine.yield(1)'
same -e 'coroutine.wrap(function() error({}) end)()'
same -e 'os.exit(300)'
same -e 'os.exit(-1)'
same -e 'local t <close> = setmetatable({}, {__close = function() print("closed") end}) os.exit(true, true)'
same -e 'setmetatable({}, {__gc = function() print("at the end") end})'
same -W -e 'setmetatable({}, {__gc = function() error("finalizer") end}) collectgarbage()'
same -e 'io.stdout:close()' -e 'print(1)'
LUA_INIT='x x' same -e 'print(2)'
LUA_INIT=@nothere.lua same -e 'print(2)'
LUA_INIT='print("init")' same -e 'print(1)' -E
LUA_INIT='print(arg[0], arg[1], ...)' same script.lua u
LUA_INIT_5_4= LUA_INIT='print("any")' same -e 'print(2)'
LUA_CPATH='/x/?.so' same -e 'print(package.cpath)'
LUA_PATH='/x/?.lua' LUA_CPATH='/x/?.so' same -E -e 'print(package.path, package.cpath)'
# what the prompt takes for an expression, a statement, the beginning of one, and an error
for line in '1, 2;' '1; 2' '== 1' '=' 'return' 'return 1, nil' '-- comment' 'local x = 1' 'x = [[a' '"a" "b"' 'error({})' 'error()' 'coroutine.yield()' \
    'print = nil' 'os.exit(7)' '_PROMPT = "p> "' '_PROMPT = setmetatable({}, {__tostring = function() return "T>" end})' 'goto x' 'break' 'f(' ; do
    input="$line"$'\n1\n]] x = 2\n)\nprint(x)\n' same -i
done

fails_with() { # STATUS TEXT WORD...: of ours alone
    local status=$1 text=$2 got
    shift 2
    got=$(timeout 20 "$bin" "$@" 2>&1 </dev/null)
    [ $? = "$status" ] && grep -qF -- "$text" <<<"$got" && { ok; return; }
    not_ok "$*: $got"
}
fails_with 1 "unrecognized option '-z'" -z
fails_with 1 "'-e' needs argument" -e
fails_with 1 "'-e' needs argument" -e -e
fails_with 1 "'-l' needs argument" -l
fails_with 1 "'nothing' is not name=value" -j nothing -e 'print(1)'
fails_with 0 "usage: " --help
fails_with 0 "jitstat" --version
fails_with 0 "0 loops" -j off -e 'for i = 1, 1e5 do end print(require "jitstat".get_stats_snapshot().counters.TOTAL_COMPILED_LOOPS .. " loops")'
fails_with 1 "bad binary format" chunk.luac

dumps() { # WORDS PATTERN: a line of what JIT_DUMP=WORDS prints, and of nothing without it
    JIT_DUMP=$1 timeout 20 "$bin" script.lua >ours.out 2>ours.err </dev/null
    JIT_DUMP=none,x$1x timeout 20 "$bin" script.lua >>ours.out 2>theirs.err </dev/null
    grep -qE -- "$2" ours.err && [ ! -s theirs.err ] && { ok; return; }
    not_ok "JIT_DUMP=$1: no $2"
}
echo 'local s = 0 for i = 1, 300 do s = s + (i > 200 and 1.5 or i) end print(s)' >script.lua
dumps bc '^main <@script.lua:0,0> '
dumps bc 'FORLOOP +r[0-9]+ 0 ->'
dumps rec 'int_add\('
dumps opt '^label\('
dumps ra '^ *[0-9]+ sunk +loc +-1 '
dumps asm '^ *([0-9a-f]{2} ?){8,}'
dumps exit '^exit l[0-9]+ guard [0-9]+ script.lua:1$'

# ---- Ctrl-C ----
interrupted() { # PROGRAM: it never ends; after a quarter second of its work it is told to
    local stat pid
    (ulimit -t 20; exec "$bin" -e "$1") >ours.out 2>ours.err &
    pid=$! # what follows has processes of its own
    while read -r -a stat 2>/dev/null <"/proc/$pid/stat" && [ "${stat[13]}" -le 25 ]; do read -r -t 0.02 <> <(:); done
    kill -INT "$pid"
    wait "$pid"
    [ $? = 1 ] && grep -q 'interrupted!$' ours.err && { ok; return; }
    not_ok "Ctrl-C in: $1"
    head -n 3 ours.err
}
interrupted 'while true do end'
interrupted 'while true do local at = ("x"):rep(100):find("y") end'
interrupted 'while true do for w in ("a b"):gmatch("%a") do end end'
interrupted 'local t = {} for i = 1, 1e4 do t[i] = i end while true do table.sort(t, function(a, b) return a > b end) end'
interrupted 'local function f(n) if n == 0 then return 0 end return f(n - 1) end while true do f(100) end'
interrupted 'local co = coroutine.wrap(function() while true do coroutine.yield(1) end end) while true do co() end'
interrupted 'local t = setmetatable({}, {__index = function(t, k) return k end}) while true do local x = t[1] end'
interrupted 'while true do local t = {} setmetatable(t, {__gc = print}) t = nil collectgarbage() end'

# ---- at the prompt ----
await() { # TEXT: until the last screen shows it (a minute)
    local end=$((SECONDS + 60))
    until tmux_at capture-pane -p -S -200 | grep -qF -- "$1"; do
        [ $SECONDS -lt $end ] || { not_ok "prompt: no '$1'"; tmux_at capture-pane -p; return 1; }
        read -r -t 0.05 <> <(:)
    done
    ok
}
type_line() { tmux_at send-keys "$1" Enter; }
tmux_at new-session -d -x 80 -y 24 "$bin -i -e 'js = require [[jitstat]]'"
await '>'
type_line 'six = 6'
type_line 'print("got",'
await '>>'
type_line 'six * 7)'
await 'got     42'
tmux_at send-keys Up Up Up C-a C-k
type_line 'six // 4, "expr"'
await 'expr'
tmux_at send-keys Up Home
type_line 'print("again"), '
await 'again'
type_line 'n = 0 while true do n = n + 1 if n == 1000000 then print("in " .. "the loop") end end'
await 'in the loop'
type_line 'print("never")'
tmux_at send-keys C-c
await 'interrupted!'
await 'stack traceback'
type_line 'print("compiled: " .. tostring(js.get_stats_snapshot().counters.TOTAL_COMPILED_LOOPS > 0))'
await 'compiled: true'
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
