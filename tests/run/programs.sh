#!/usr/bin/env bash
# Runs the programs with BIN. tests/programs/NAME.lua at its default size must print tests/programs/NAME.expected, byte for
# byte; tests/bench/NAME.lua at a small size must print what lua5.4 prints for the same size, here and now (skipped
# where lua5.4 is not installed). Under QUICK=1 the programs run at a small size too, against lua5.4 in the same way.
# Nothing may come on standard error and the exit status must be 0.
set -u
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
RUN_SELF=$here/${BASH_SOURCE[0]##*/}
. "$here/common.sh"
. "$here/sizes.sh"

one() {
  local name=$1 base=${1##*/} what=$RUN_OUT/${1//\//_} size= status
  cd -- "$here/../${name%/*}" || exit 2
  if [ "${name%%/*}" = bench ] || [ -n "${QUICK:-}" ]; then
    size=$(small_size "$name") || verdict "$name" "failed no small size in sizes.sh"
    [ -n "$RUN_REF" ] || verdict "$name" "skipped lua5.4 is not installed to compare with"
    env -u JITSTAT "$RUN_REF" "$base.lua" "$size" > "$what.want" < /dev/null ||
      verdict "$name" "failed the reference itself fails"
  else
    [ -f "$base.expected" ] || verdict "$name" "failed no $base.expected"
    cp -- "$base.expected" "$what.want"
  fi
  [ -s "$what.want" ] || verdict "$name" "failed it expects nothing"

  run_program "$what.got" "$what.err" "$base.lua" ${size:+"$size"}
  status=$?
  if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
    verdict "$name" "failed no end after $RUN_TIMEOUT s"
  fi
  if [ "$status" -ne 0 ]; then
    { [ "$status" -gt 128 ] && kill -l "$((status - 128))"; head -n 6 "$what.err"; excerpt "$what.want" "$what.got"; } > "$what.why"
    verdict "$name" "failed exit status $status"
  fi
  if ! cmp -s "$what.want" "$what.got"; then
    excerpt "$what.want" "$what.got" > "$what.why"
    verdict "$name" "failed wrong output"
  fi
  if [ -s "$what.err" ]; then
    head -n 6 "$what.err" > "$what.why"
    verdict "$name" "failed it wrote to standard error"
  fi
  verdict "$name" passed
}

if [ "${1:-}" = --one ]; then one "$2"; fi
run_setup "$@"
cd -- "$here/.." || exit 2
RUN_REF=$(type -P lua5.4 || true)
export RUN_REF
files=(programs/*.lua bench/*.lua)
run_all "${files[@]%.lua}"
