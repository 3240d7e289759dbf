#!/usr/bin/env bash
# run.sh BIN [SECONDS]: differential fuzzing. Random programs (gen.lua) run on lua5.4 and on BIN: without the JIT, with it,
# with everything compiled at once, with every few guards failing, with registers chosen at random, and with hardly any
# room for code; all must print the same and end the same way. And no recording may contradict itself (JIT_DUMP=bad): then the
# recorder has recorded what the interpreter did not do, or the optimizer has proved too much, even if nobody sees it in the output.
# SEED (default: from the clock) is the first program's number, the next ones follow. A program that fails is kept in
# FUZZ_OUT (default: a new directory), with what the two printed. How much was compiled is counted (count.lua): a run in
# which fewer than nine of ten programs entered machine code fails. The last line: N passed, N failed, N skipped.
set -u
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 1 ] || { echo "usage: run.sh BIN [SECONDS]     (environment: SEED FUZZ_OUT FUZZ_MODES)" >&2; exit 2; }
bin=$(realpath -- "$1") || exit 2
seconds=${2:-60}
ref=$(type -P lua5.4)
if [ -z "$ref" ]; then
  echo "SKIP fuzz: lua5.4 is not installed to compare with"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
seed=${SEED:-$(($(date +%s) % 1000000 * 1000))}
modes=${FUZZ_MODES:-off default threshold=1,function_threshold=1,trace_eagerness=1 threshold=2,function_threshold=3,trace_eagerness=2,torture_guard=3 threshold=3,trace_eagerness=1,max_bridges=10000,torture_regs=1 threshold=2,trace_eagerness=2,code_size=150000,listing_size=2000}
out=${FUZZ_OUT:-$(mktemp -d)}
mkdir -p "$out"
work=$(mktemp -d)
: > "$work/all"
trap 'rm -rf "$work"' EXIT
unset LUA_INIT LUA_INIT_5_4
export LC_ALL=C
echo "first seed $seed"
passed=0 failed=0 skipped=0
end=$((SECONDS + seconds))
while [ $SECONDS -lt $end ]; do
  program=$work/fuzz.lua
  if ! "$ref" "$here/gen.lua" "$seed" > "$program"; then
    echo "FAIL seed $seed: the generator"
    failed=$((failed + 1))
    seed=$((seed + 1))
    continue
  fi
  (cd "$work" && timeout 10 "$ref" fuzz.lua) > "$work/want" 2> "$work/want.err" < /dev/null
  status=$?
  if [ $status -ne 0 ]; then # too slow, or a program that the generator must not make
    if [ $status -eq 124 ]; then
      skipped=$((skipped + 1))
    else
      echo "FAIL seed $seed: lua5.4 itself fails: $(head -n 1 "$work/want.err")"
      failed=$((failed + 1))
    fi
    seed=$((seed + 1))
    continue
  fi
  bad=
  for mode in $modes; do
    (cd "$work" && JIT_DUMP=bad COUNTS=$work/counts LUA_INIT=@$here/count.lua JITSTAT=$mode timeout 60 "$bin" fuzz.lua) > "$work/got" 2> "$work/got.err" < /dev/null
    status=$?
    if [ $status -ne 0 ] || ! cmp -s "$work/want" "$work/got" || grep -q 'what was recorded contradicts itself' "$work/got.err"; then
      bad=$mode
      echo "FAIL seed $seed JITSTAT=$mode (exit status $status): $out/$seed.lua"
      diff "$work/want" "$work/got" | head -n 4
      head -n 3 "$work/got.err"
      cp "$program" "$out/$seed.lua"
      { echo "JITSTAT=$mode"; cat "$work/got" "$work/got.err"; } > "$out/$seed.got"
      break
    fi
  done
  awk '$3 > 0 { hot = 1 } { l += $1; b += $2; e += $3; x += $4 } END { print hot + 0, l, b, e, x }' "$work/counts" >> "$work/all"
  rm -f "$work/counts"
  if [ -n "$bad" ]; then failed=$((failed + 1)); else passed=$((passed + 1)); fi
  seed=$((seed + 1))
done
read -r programs hot loops bridges entries contradictions < <(awk '{ n++; h += $1; l += $2; b += $3; e += $4; x += $5 }
  END { print n + 0, h + 0, l + 0, b + 0, e + 0, x + 0 }' "$work/all")
echo "$hot of $programs programs entered machine code: $loops loops and entry bridges, $bridges bridges, $entries entries; $contradictions recordings contradicted the interpreter"
if [ $((hot * 10)) -lt $((programs * 9)) ]; then
  echo "FAIL too little was compiled for a test"
  failed=$((failed + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
