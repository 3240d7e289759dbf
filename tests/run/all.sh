#!/bin/bash
# all.sh check|long: every part of the tests in turn; adds up "N passed, N failed, N skipped".
# B names the build folder. Each part prints its own line; skipped tests say why.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
passed=0 failed=0 skipped=0
part() { # name command...
    local name=$1 out status line start=$SECONDS
    shift
    out=$("$@" 2>&1)
    status=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' <<<"$out" | tail -n 1)
    if [ -z "$line" ]; then line="0 passed, 1 failed, 0 skipped"; fi
    local p=${line%% passed*} f s=0
    f=${line#*, }; f=${f%% failed*}
    case $line in *skipped*) s=${line##*, }; s=${s%% skipped*} ;; esac
    if [ $status != 0 ] && [ "$f" = 0 ]; then f=1; fi
    if [ "$f" != 0 ]; then echo "--- $name failed:"; tail -n 60 <<<"$out"; fi
    grep -iE '^(skip|# )' <<<"$out"
    printf '%-44s %s (%ds)\n' "$name" "$p passed, $f failed, $s skipped" $((SECONDS - start))
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}
lua() { # mode runner: the language tests and programs under JITSTAT=mode
    local mode=$1
    shift
    part "$* JITSTAT=$mode" env JITSTAT="$mode" "$@" "$B/jitlua"
}
case $1 in
check)
    part units tests/run/units.sh "$B"
    lua off tests/run/lang.sh
    lua default tests/run/lang.sh
    lua threshold=1,function_threshold=1,trace_eagerness=1 tests/run/lang.sh
    lua default tests/run/programs.sh
    lua off tests/run/programs.sh
    lua threshold=1,function_threshold=2,trace_eagerness=2 tests/run/programs.sh
    lua torture_guard=7,threshold=2 tests/run/lang.sh
    lua default tests/run/hooks.sh
    lua default tests/run/regress.sh
    lua threshold=1,function_threshold=1,trace_eagerness=1 tests/run/regress.sh
    for t in tests/run/extra/*.sh; do [ -e "$t" ] && part "$(basename "$t" .sh)" "$t" "$B"; done
    part end-to-end tests/run/e2e.sh "$B"
    ;;
long)
    for n in 1 2 3 5 11 17 101; do
        lua torture_guard=$n,threshold=2,trace_eagerness=2 tests/run/lang.sh
        lua torture_guard=$n,threshold=5 tests/run/programs.sh
    done
    for n in {1..24} 30 40 50 70 100 140 200 280 400 800 1600; do lua torture_alloc=$n,threshold=2 tests/run/lang.sh; done
    part "real programs and C modules" tests/run/real.sh "$B"
    part "1000 processes" tests/run/e2e.sh "$B" many 1000 1000
    part "jitstatd killed at every phase" tests/run/e2e.sh "$B" faults all
    for p in 1,1 2,5 3,2 5,1 7,3 10,4; do # threshold, eagerness
        lua "threshold=${p%,*},function_threshold=${p%,*},trace_eagerness=${p#*,},max_bridges=10000" tests/run/programs.sh
    done
    part "memory fails at every request" env RUN_LONG=1 tests/run/units.sh "$B" lua/running
    part sanitizers tests/run/sanitize.sh
    part fuzz tests/fuzz/run.sh "$B/jitlua" 60
    part "fuzz of load" tests/fuzz/load.sh "$B/jitlua" 20
    ;;
esac
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
