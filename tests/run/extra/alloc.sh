#!/bin/bash
# alloc.sh BINDIR: the engine's memory is refused at its n-th request (JITSTAT=torture_alloc=n); the program must not
# notice. Different n for each of five language tests, so that together they meet most requests of a compilation.
set -u
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
bin=$(realpath -- "${1:?usage: alloc.sh BINDIR}/jitlua") || exit 2
passed=0 failed=0
run() { # TEST N: as lang.sh says
  if ! out=$(ONLY="^$1\.lua\$" JITSTAT=torture_alloc=$2,threshold=2,function_threshold=2,trace_eagerness=1 TIMEOUT=20 bash "$here/lang.sh" "$bin"); then
    printf 'FAIL torture_alloc=%s\n%s\n' "$2" "$out"
    failed=$((failed + 1))
  else
    passed=$((passed + 1))
  fi
}
n=1 step=1
tests=(closures type_unstable inline_frames recursion meta_index)
while [ $n -le 60 ]; do
  run "${tests[$(((passed + failed) % 5))]}" $n
  n=$((n + step))
  [ $n -gt 20 ] && step=$((n % 3 + 1))
done
for n in 75 100 150 250 400 700 1200; do
  for t in "${tests[@]:0:2}"; do run "$t" $n; done
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
