#!/bin/bash
# real.sh BINDIR [NAME...]: programs and C modules that never heard of us, on the distribution's core and on
# ours, at its defaults and compiled at once (threshold 1): standard output must be the same byte for byte,
# and the snapshots must show that it was our core which ran, with compiled loops.
# A test names its Debian packages in its opening lines; `make check-long` installs them (DEPS=no: what is
# missing is skipped). SHOW=1 prints a table row for each.
set -u
bin=$(cd "${1:?usage: $0 BINDIR [NAME...]}" && pwd)
shift
cd "$(dirname "$0")/../.." || exit 1
export REAL=$PWD/tests/real BIN=$bin
tmp=$(mktemp -d /tmp/jitstat-real.XXXXXX)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 skipped=0
AT_ONCE=threshold=1,function_threshold=1,trace_eagerness=1

missing() { # FILE: the packages of it that are not installed
    local p
    for p in $(sed -n 's/^\(#\|--\) packages: //p' "$1"); do
        dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || echo "$p"
    done
}
run_side() { # SIDE MODE FILE: standard output into $tmp/SIDE
    export SIDE=${1%%.*} SNAPS=$tmp/$1.snaps
    rm -rf "$tmp/run" # the same path each time: programs print it
    mkdir -p "$tmp/run" "$SNAPS"
    case $3 in
    *.sh) (cd "$tmp/run" && JITSTAT=$2 timeout 300 bash "$3" </dev/null >"$tmp/$1" 2>"$tmp/$1.err") ;;
    *) (. "$REAL/lib.sh" && JITSTAT=$2 && export JITSTAT && cd "$tmp/run" && lua "$3" </dev/null >"$tmp/$1" 2>"$tmp/$1.err" && echo "exit $?" >>"$tmp/$1") ;;
    esac
}
# Compiled traces over all processes that ran on our core, as "LOOPS BRIDGES"; fails if there is none.
compiled() { cat "$tmp/$1.snaps"/* 2>/dev/null | perl -MJSON::PP -ne 'next unless /^\{/; my $j = decode_json($_);
    for my $p (@{$j->{processes}}) { for (@{$p->{vms}}) { $l += $_->{counters}{TOTAL_COMPILED_LOOPS}; $b += $_->{counters}{TOTAL_COMPILED_BRIDGES}; } }
    END { printf "%d %d\n", $l, $b; exit($l ? 0 : 1) }'; }
fail() { echo "not ok - $*"; failed=$((failed + 1)); }
test_one() { # NAME FILE
    local name=$1 file=$2 side mode traces
    local lack
    lack=$(missing "$file" | tr '\n' ' ')
    if [ -n "$lack" ]; then echo "skip - $name: not installed: $lack"; skipped=$((skipped + 1)); return; fi
    rm -rf "${tmp:?}"/*
    run_side stock default "$file"
    if [ ! -s "$tmp/stock" ]; then fail "$name: nothing to compare: $(head -c 300 "$tmp/stock.err")"; return; fi
    for side in ours ours.at-once; do
        mode=default
        [ $side = ours ] || mode=$AT_ONCE
        run_side $side "$mode" "$file"
        if ! cmp -s "$tmp/stock" "$tmp/$side"; then
            fail "$name ($mode): $(diff "$tmp/stock" "$tmp/$side" | head -n 6 | cut -c1-200) $(head -c 300 "$tmp/$side.err")"
        elif ! traces=$(compiled $side); then
            fail "$name ($mode): the snapshots show no compiled loop of ours"
        else
            passed=$((passed + 1))
            [ -z "${SHOW:-}" ] || printf '%-10s %-56s %8d bytes  loops, bridges: %s\n' "$name" "$mode" "$(wc -c <"$tmp/stock")" "$traces"
        fi
    done
}
for file in "$REAL"/modules/*.lua "$REAL"/programs/*.sh; do
    name=$(basename "${file%.*}")
    if [ $# = 0 ] || [[ " $* " = *" $name "* ]]; then test_one "$name" "$file"; fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
