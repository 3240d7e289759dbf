#!/bin/bash
# snapshot_cost.sh JITLUA: what one get_stats_snapshot() costs in the process, beside PyPy's call where pypy3 is installed.
# (pypy3 7.3.11 crashes in that call before something was compiled, and when the calling loop is). Rounds are interleaved, the least of each is shown, in microseconds. Not a check: numbers for the documents.
jitlua=${1:?usage: $0 JITLUA}
ours() { # EXPRESSION: prepares $1 loops, counted if $2 is 1; prints us per call
    "$jitlua" - "$1" "$2" <<'END'
local js = require "jitstat"
local loops, counted = tonumber(arg[1]), arg[2] == "1"
js.set_param("threshold=2")
local keep = {}
for i = 1, loops do keep[i] = load("local s = 0 for i = 1, 20 do s = s + i end return s") keep[i]() end
if counted then js.enable_debug() end
local f, n = js.get_stats_snapshot, loops > 100 and 500 or 20000
for i = 1, n // 10 do f() end
local t = os.clock()
for i = 1, n do f() end
print((os.clock() - t) / n * 1e6)
END
}
pypy() {
    command -v pypy3 >/dev/null || return
    pypy3 - <<'END'
s = 0
for i in range(3000000): s += i
import pypyjit, time
f = pypyjit.get_stats_snapshot
t = time.process_time()
for i in range(900): f()
print((time.process_time() - t) / 900 * 1e6)
END
}
least() { sort -n | head -n 1; }
row() { printf '%-44s %8.2f us\n' "$1" "$2"; }
for i in 1 2 3 4 5; do
    ours 10 0 >>"/tmp/snapshot_cost.$$.a"
    pypy >>"/tmp/snapshot_cost.$$.b"
    ours 10 1 >>"/tmp/snapshot_cost.$$.c"
    ours 1000 1 >>"/tmp/snapshot_cost.$$.d"
done
row "debug off, 10 loops" "$(least <"/tmp/snapshot_cost.$$.a")"
[ -s "/tmp/snapshot_cost.$$.b" ] && row "pypy3's pypyjit.get_stats_snapshot()" "$(least <"/tmp/snapshot_cost.$$.b")"
row "debug on, 10 loops" "$(least <"/tmp/snapshot_cost.$$.c")"
row "debug on, 1000 loops" "$(least <"/tmp/snapshot_cost.$$.d")"
rm -f /tmp/snapshot_cost.$$.?
