#!/bin/bash
# regress.sh BINDIR: the smallest programs that once went wrong (tests/regress), under every way to be compiled.
set -u
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
bin=${1:?usage: regress.sh BINDIR}/jitlua
passed=0 failed=0 skipped=0
for mode in off default threshold=1,function_threshold=1,trace_eagerness=1 threshold=2,trace_eagerness=2,torture_guard=3 threshold=3,enable_opts=fold; do
  out=$(RUN_LANG_DIR=regress JITSTAT=$mode bash "$here/lang.sh" "$bin")
  line=$(tail -n 1 <<<"$out")
  if [[ ! $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    echo "no result under JITSTAT=$mode: $out"
    failed=$((failed + 1))
    continue
  fi
  p=${BASH_REMATCH[1]} f=${BASH_REMATCH[2]} s=${BASH_REMATCH[3]}
  [ "$f" = 0 ] || printf 'JITSTAT=%s:\n%s\n' "$mode" "$out"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $passed -gt 0 ]
