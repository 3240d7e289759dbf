#!/bin/bash
# official.sh BINDIR LUA_TESTS: Lua's own test suite (lua-5.4.4-tests, or `testes` of tag v5.4.4) in full mode, with
# the JIT at its defaults, at threshold 1 and off. The suite is not part of this repository: LUA_TESTS names the folder
# that holds its all.lua. It is copied to a temporary folder, its test libraries are built there.
#
# A mode passes when
#   1. all.lua ends in "final OK" and exit status 0,
#   2. every file that all.lua announces has begun, and nothing said that it skips itself but for the reference's
#      internal test library (api.lua, code.lua and single blocks elsewhere) or a locale that is not installed,
#   3. the counters that the process itself prints at its end show that code was compiled, or, off, that none was.
# main.lua lets a shell print a process id and that process a line into one pipe, and expects them in that order: a race
# that a program which starts quickly wins on a busy machine. So jitlua is started through a shell script, which
# takes its time; should the line overtake the id all the same, the run says nothing about us and is tried again.
set -u
bin=$(realpath -- "${1:?usage: $0 BINDIR LUA_TESTS}")/jitlua
suite=${2:-}
if [ -z "$suite" ] || [ ! -r "$suite/all.lua" ]; then
    echo "official.sh: LUA_TESTS=DIR must name the folder of the official tests of Lua 5.4.4 (the one with all.lua)" >&2
    exit 2
fi
grep -q 'version = "Lua 5.4"' "$suite/all.lua" || { echo "official.sh: $suite is not a suite for Lua 5.4" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$suite/." "$work" && chmod -R u+w "$work"
make -s -C "$work/libs" LUA_DIR=/usr/include/lua5.4 >"$work/libs.log" 2>&1 || { tail "$work/libs.log" >&2; exit 1; }
unset LUA_INIT LUA_INIT_5_4 LUA_PATH LUA_PATH_5_4 LUA_CPATH LUA_CPATH_5_4
export LC_ALL=C

# The last thing that dies with the state: prints how much was compiled.
probe='local js, err = require "jitstat", io.stderr
local c = js.get_stats_snapshot
debug.getregistry()[c] = setmetatable({}, {__gc = function()
  local n = c().counters
  err:write("COMPILED ", n.TOTAL_COMPILED_LOOPS + n.TOTAL_COMPILED_BRIDGES, "\n")
end})'

mkdir "$work/bin"
printf '#!/bin/bash\nexec -a "$0" "%s" "$@"\n' "$bin" >"$work/bin/jitlua"
chmod +x "$work/bin/jitlua"
run() { # JITSTAT: the suite once, its output in $work/log; its standard input is a pipe, what it leaves behind is killed
    local group status
    cd "$work" || exit 1
    JITSTAT=$1 timeout -k 5 1800 "$work/bin/jitlua" -e "$probe" all.lua >"$work/log" 2>&1 < <(:) &
    group=$!
    wait $group
    status=$?
    kill -9 -- -$group 2>/dev/null
    return $status
}
raced() { # did main.lua's own race end the run?
    grep -q 'jitlua: main.lua:5[01][0-9]: assertion failed' "$work/log"
}
not_begun() { # the files of all.lua that this run did not come to (those that it announces)
    local f
    for f in $(grep -oE "(^|[^d])dofile\('[a-z]+\.lua" "$work/all.lua" | sed "s/.*'//"); do
        grep -q "FILE '$f'" "$work/log" || echo "$f"
    done
}
skipped() { # what skips itself, other than for want of the reference's internal test library
    grep -E '>>> .*skipping|skipping file tests' "$work/log" | grep -v 'testC not active\|pt_BR locale'
}
judge() { # MODE STATUS: why it failed, or nothing
    local compiled left
    [ "$2" = 0 ] || { echo "exit status $2"; return; }
    grep -q '^final OK' "$work/log" || { echo 'no "final OK"'; return; }
    left=$(not_begun | tr '\n' ' ')
    [ -z "$left" ] || { echo "not run: $left"; return; }
    left=$(skipped)
    [ -z "$left" ] || { echo "skipped: $left"; return; }
    compiled=$(sed -n 's/^COMPILED //p' "$work/log" | tail -n 1)
    case $1 in
    off) [ "$compiled" = 0 ] || echo "compiled ${compiled:-nothing known} with the JIT off" ;;
    *) [ "${compiled:-0}" -gt 0 ] || echo "nothing was compiled" ;;
    esac
}

passed=0 failed=0
for mode in default threshold=1,function_threshold=1,trace_eagerness=1 off; do
    for try in 1 2 3 4 5; do
        start=$SECONDS
        run "$mode"
        status=$?
        [ $status != 0 ] && raced || break
        echo "$mode: main.lua's output came before its process id (try $try)"
    done
    why=$(judge "$mode" $status)
    if [ -z "$why" ]; then
        echo "ok - JITSTAT=$mode: final OK, $(sed -n 's/^COMPILED //p' "$work/log" | tail -n 1) traces, $((SECONDS - start)) s"
        passed=$((passed + 1))
    else
        echo "not ok - JITSTAT=$mode: $why"
        tail -n 15 "$work/log"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
