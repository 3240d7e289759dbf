#!/bin/bash
# e2e.sh BINDIR [TEST ARGS...]: every tests/e2e/*.sh in turn, or that one with these arguments, with real BPF; sums up their
# checks and passes on what they measured (lines with #).
bin=${1:?usage: $0 BINDIR}
dir=$(cd "$(dirname "$0")/../e2e" && pwd)
for b in jitstat jitstatd jitlua liblua5.4.so.0 toy e2e/{emitter,emitter-dyn,libemitter.so.0,source,loader,many,loss,capi,embed,lua-dyn,unload}; do
    [ -e "$bin/$b" ] || { echo "$0: $bin/$b is missing: make all e2e-bins" >&2; exit 2; }
done
passed=0 failed=0 skipped=0
tests=("$dir"/*.sh)
[ $# -gt 1 ] && tests=("$dir/$2.sh")
for t in "${tests[@]}"; do
    name=$(basename "$t" .sh)
    [ "$name" = lib ] && continue
    out=$(timeout -k 10 900 bash "$t" "$bin" "${@:3}" </dev/null 2>&1) # whoever waits for what never comes: status 124
    status=$?
    p=$(grep -c '^ok - ' <<<"$out") f=$(grep -c '^not ok - ' <<<"$out") s=$(grep -c '^skip - ' <<<"$out")
    [ $status != 0 ] && [ "$f" = 0 ] && f=1
    [ $((p + f + s)) = 0 ] && f=1
    [ "$f" != 0 ] && { echo "--- $name (exit $status)"; grep -v '^ok - ' <<<"$out"; }
    grep '^# ' <<<"$out"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
