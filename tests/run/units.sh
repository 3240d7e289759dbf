#!/bin/bash
# units.sh BINDIR [PART]: every Criterion program under BINDIR/unit (or BINDIR/unit/PART), summed up.
dir=${1:?usage: $0 BINDIR [PART]}/unit${2:+/$2}
passed=0 failed=0 n=0
cd "$(dirname "$0")/../.." || exit 1
for t in $(find "$dir" -type f -perm -u+x | sort); do
    n=$((n + 1))
    out=$(timeout 300 "$t" --jobs 2 2>&1)
    status=$?
    line=$(grep -E 'Synthesis: Tested' <<<"$out" | tail -n 1)
    p=$(sed -nE 's/.*Passing: *([0-9]+).*/\1/p' <<<"$line") f=$(sed -nE 's/.*Failing: *([0-9]+).*/\1/p' <<<"$line")
    c=$(sed -nE 's/.*Crashing: *([0-9]+).*/\1/p' <<<"$line")
    f=$((${f:-0} + ${c:-0}))
    { [ $status != 0 ] || [ -z "$line" ] || [ "${p:-0}" = 0 ]; } && [ $f = 0 ] && f=1
    [ $f != 0 ] && { echo "--- $t (exit $status)"; tail -n 30 <<<"$out"; }
    passed=$((passed + ${p:-0})) failed=$((failed + f))
done
[ $n = 0 ] && failed=1
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
