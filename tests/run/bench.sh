#!/usr/bin/env bash
# Measures the programs of tests/bench and tests/programs: BIN, BIN with its JIT off, lua5.4 and luajit (where they are
# installed), whole processes by the wall clock, ROUNDS rounds in which all of them take turns, medians and ratios.
#
#   tests/run/bench.sh [BIN]      default build/jitlua
#   ROUNDS=3    rounds            ONLY=regex  names to measure, e.g. ONLY='^bench/'
#   MEM=1       one more run of each for its peak resident memory
#   CLOCK=cpu   processor time (user + system) in place of wall time: for a machine that is busy with other things
#   CPU=n       pins the measured programs to one processor (taskset), which makes medians steadier on a busy machine
# JITSTAT=... in the environment reaches the runs of BIN with the JIT on; the runs with the JIT off have JITSTAT=off.
set -u
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
. "$here/sizes.sh"

bin=${1:-$here/../../build/jitlua}
case $bin in
  */*) bin=$(realpath -- "$bin") ;;
  *) bin=$(type -P "$bin") ;;
esac
if [ -z "$bin" ] || [ ! -x "$bin" ]; then
  echo "bench.sh: no such program: ${1:-build/jitlua}" >&2
  exit 2
fi
unset LUA_INIT LUA_INIT_5_4 LUA_PATH LUA_PATH_5_4 LUA_CPATH LUA_CPATH_5_4
cd -- "$here/.." || exit 2

rows=()
for file in bench/*.lua programs/*.lua; do
  name=${file%.lua}
  [[ -z ${ONLY:-} || $name =~ $ONLY ]] || continue
  size=$(bench_size "$name") || { echo "bench.sh: $name has no row in sizes.sh" >&2; exit 1; }
  rows+=("$name" "$size")
done
if [ ${#rows[@]} -eq 0 ]; then
  echo "bench.sh: nothing matches ONLY=$ONLY" >&2
  exit 1
fi
exec perl "$here/bench.pl" "$bin" "$(type -P lua5.4)" "$(type -P luajit)" "${rows[@]}"
