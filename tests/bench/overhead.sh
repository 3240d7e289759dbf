#!/bin/bash
# overhead.sh [BINDIR]: what being watched costs the programs of tests/bench: CPU time unwatched, watched by jitstatd, and with run
# counts on besides. Three copies of jitlua, of which one daemon knows the second and another the third, run in turn; the
# best of ROUNDS (5) counts. Being watched costs a process something once, at its start, and then with what it does: programs
# whose size is a number of rounds get so many of them that they run for a quarter of a second, and what the start costs
# is shown by itself (an empty script, STARTS (50) of them, their mean). ONLY=REGEX chooses programs. Needs root.
set -u
cd "$(dirname "$0")/../.." || exit 1
BIN=${1:-build}
. tests/run/sizes.sh
[ "$(id -u)" = 0 ] || { echo "overhead.sh: BPF needs root" >&2; exit 2; }
room=$(mktemp -d /tmp/jitstat-overhead.XXXXXX)
pids=
trap 'kill $pids 2>/dev/null; rm -rf "$room"' EXIT
modes=(unwatched watched counted)
for m in "${modes[@]}"; do
    mkdir "$room/$m"
    cp "$BIN/jitlua" "$room/$m"
done

daemon() { # MODE: with a process that maps its copy, so that the probes are attached
    mkfifo "$room/$1/in" "$room/$1/ready"
    "$room/$1/jitlua" -e 'io.read()' <"$room/$1/in" &
    pids="$pids $!"
    exec {hold}>"$room/$1/in"
    "$BIN/jitstatd" --dir "$room/$1/run" --files "$room/$1/" >"$room/$1/ready" &
    pids="$pids $!"
    read -r line <"$room/$1/ready"
}
daemon watched
daemon counted
mkfifo "$room/counting" "$room/release"
JITSTAT_DIR=$room/counted/run "$BIN/e2e/source" -d -c sum line <"$room/release" >"$room/counting" &
pids="$pids $!"
exec {hold}>"$room/release" {said}<"$room/counting"
while read -r line <&"$said" && [ "$line" != waiting ]; do
    case $line in *'"counts":1'*) ;; *) echo "overhead.sh: run counts are not on: $line" >&2; exit 1 ;; esac
done

# How many times the bench size, where N counts rounds.
TIMES=' branchy=6 closure=6 floatloop=5 hashiter=20 intsum=6 matmul=6 metaarith=10 method=25 pcallloop=14 sieve=3 sortcmp=5
strbuild=4 strconcat=3 strmatch=4 strscan=6 vararg=8 hashstr=2 '
size_for() { # NAME
    local n times=1
    n=$(bench_size "bench/$1") || return 1
    [[ $TIMES =~ [[:space:]]$1=([0-9]+)[[:space:]] ]] && times=${BASH_REMATCH[1]}
    case $1 in
        spectral) n=1200 ;; # N x N
        fannkuch) n=10 ;;
        fib) n=36 ;;
        queens) n=12 ;;
    esac
    echo $((n * times))
}

cpu() { # MODE FILE SIZE: milliseconds of user and system time
    local TIMEFORMAT='%3U %3S' t
    t=$( { time "$room/$1/jitlua" "$2" "$3" >/dev/null 2>&1; } 2>&1)
    awk '{ printf "%d", ($1 + $2) * 1000 }' <<<"$t"
}

printf '%-12s %10s %10s %7s %10s %7s\n' program unwatched watched '' counted ''
for f in tests/bench/*.lua; do
    name=bench/$(basename "$f" .lua)
    [[ $name =~ ${ONLY:-.} ]] || continue
    size=$(size_for "${name#bench/}") || continue
    best=(999999 999999 999999)
    for ((round = 0; round < ${ROUNDS:-5}; round++)); do
        for i in 0 1 2; do
            t=$(cpu "${modes[i]}" "$f" "$size")
            [ "$t" -lt "${best[i]}" ] && best[i]=$t
        done
    done
    echo "${name#bench/} ${best[*]}"
done | awk '{
    printf "%-12s %7d ms %7d ms %6.3f %7d ms %6.3f\n", $1, $2, $3, $3 / $2, $4, $4 / $2
    watched += log($3 / $2); counted += log($4 / $2); n++
} END { if (n) printf "%-12s %10s %10s %6.3f %10s %6.3f\n", "geomean", "", "", exp(watched / n), "", exp(counted / n) }'

# What a process pays once: the same number of empty scripts in each mode, in turn.
: >"$room/empty.lua"
sum=(0 0 0)
for ((round = 0; round < ${STARTS:-50}; round++)); do
    for i in 0 1 2; do
        t=$(TIMEFORMAT='%R'; { time "$room/${modes[i]}/jitlua" "$room/empty.lua"; } 2>&1)
        sum[i]=$(awk -v a="${sum[i]}" -v t="$t" 'BEGIN { printf "%.3f", a + t * 1000 }')
    done
done
awk -v n="${STARTS:-50}" 'BEGIN { printf "%-12s %7.2f ms %7.2f ms %6s %7.2f ms   (wall time, mean of %d)\n", "a start", '"${sum[0]}"' / n, '"${sum[1]}"' / n, "", '"${sum[2]}"' / n, n }'
