#!/bin/bash
# sanitize.sh: everything built with the address and undefined-behaviour sanitizers (folder build-san, or SAN_B); the
# units, the language tests and the fixed bugs run in it, compiled early and at the usual time. Machine code is not instrumented, but every helper
# that it calls and all of the compiler are. With JIT_STRICT a recording that contradicts the interpreter is the end. The last line: N passed, N failed, N skipped.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${SAN_B:-build-san}
passed=0 failed=0 skipped=0
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=0:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1
export TIMEOUT=${TIMEOUT:-240} QUICK=1
if ! log=$(make -j2 B="$build" SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined -DJIT_STRICT" all unit-bins 2>&1); then
  tail -n 30 <<<"$log"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
part() { # NAME COMMAND...
  local name=$1 out line
  shift
  out=$("$@" 2>&1)
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' <<<"$out" | tail -n 1)
  if [[ ! $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
    printf '%s: no result\n%s\n' "$name" "$(tail -n 20 <<<"$out")"
    failed=$((failed + 1))
    return
  fi
  echo "$name: $line"
  passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
  [ "${BASH_REMATCH[2]}" = 0 ] || printf '%s\n' "$out"
}
part units tests/run/units.sh "$build"
for mode in default threshold=1,function_threshold=1,trace_eagerness=1; do
  part "language $mode" env ONLY='^([^e]|e[^r]|er[^r]|err[^_]|err_[^e])' tests/run/lang.sh "$build/jitlua" "JITSTAT=$mode"
  # os.exit leaves the state as it is: nothing to be learned from what it still holds
  part "os.exit $mode" env ONLY='^err_e' ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" tests/run/lang.sh "$build/jitlua" "JITSTAT=$mode"
  part "regress $mode" tests/run/regress.sh "$build/jitlua" "JITSTAT=$mode"
done
part "damaged chunks" tests/fuzz/load.sh "$build/jitlua" 20
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
