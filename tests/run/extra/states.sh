#!/bin/bash
# states.sh BINDIR: a thousand live states in one process, and each compiles: neither other states' code nor what the
# collector's pools take may use up the neighbourhood of the library, where code must be (code.h).
set -u
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
build=$(realpath -- "${1:?usage: states.sh BINDIR}") || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset JITSTAT
gcc -O1 -o "$work/states" "$here/states.c" "$build/liblua5.4.so.0" "-Wl,-rpath,$build" || exit 1
if out=$("$work/states" 1000 2>&1) && [ "$out" = "1000 of 1000" ]; then
  echo "1 passed, 0 failed, 0 skipped"
else
  echo "FAIL 1000 states: $out"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
