#!/bin/bash
# overhead.sh [BINDIR]: what being watched costs the programs of tests/bench: CPU time unwatched, watched by jitstatd, and with run
# counts on besides. Three copies of jitlua, of which one daemon knows the second and another the third, run in turn; the
# best of ROUNDS (5) counts. ONLY=REGEX chooses programs. Needs root.
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

cpu() { # MODE FILE SIZE: milliseconds of user and system time
    local TIMEFORMAT='%3U %3S' t
    t=$( { time "$room/$1/jitlua" "$2" "$3" >/dev/null 2>&1; } 2>&1)
    awk '{ printf "%d", ($1 + $2) * 1000 }' <<<"$t"
}

printf '%-12s %10s %10s %7s %10s %7s\n' program unwatched watched '' counted ''
for f in tests/bench/*.lua; do
    name=bench/$(basename "$f" .lua)
    [[ $name =~ ${ONLY:-.} ]] || continue
    size=$(bench_size "$name") || continue
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
