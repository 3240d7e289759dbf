#!/usr/bin/env bash
# load.sh BIN [SECONDS]: damaged text and binary chunks for `load` (load.lua), in four runs with a seed each. SEED as in
# run.sh. The last line: N passed, N failed, N skipped.
set -u
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 1 ] || { echo "usage: load.sh BIN [SECONDS]     (environment: SEED)" >&2; exit 2; }
bin=$(realpath -- "$1") || exit 2
seconds=${2:-20}
seed=${SEED:-$(($(date +%s) % 1000000))}
passed=0 failed=0
unset LUA_INIT LUA_INIT_5_4
for n in 0 1 2 3; do
  if out=$(timeout $((seconds * 10 + 60)) "$bin" "$here/load.lua" $((seed + n)) $(((seconds + 3) / 4)) "$here"/../lang/*.lua "$here"/../programs/*.lua 2>&1 < /dev/null); then
    passed=$((passed + 1))
    echo "$out"
  else
    failed=$((failed + 1))
    echo "FAIL seed $((seed + n))"
    tail -n 20 <<< "$out"
  fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
