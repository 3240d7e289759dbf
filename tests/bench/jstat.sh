#!/bin/bash
# jstat.sh [BINDIR]: the wall time of one look at one running process, from the command line: jitstat with a jitstatd and
# without, against `jstat -compiler` of OpenJDK (Debian: openjdk-17-jdk-headless) at a process of its own kind. Medians of
# RUNS (21), and the memory of each. Not part of the tests.
set -u
cd "$(dirname "$0")/../.." || exit 1
BIN=${1:-build}
RUNS=${RUNS:-21}
command -v jstat >/dev/null || { echo "jstat.sh: jstat is not installed: apt-get install openjdk-17-jdk-headless" >&2; exit 2; }
room=$(mktemp -d /tmp/jitstat-jstat.XXXXXX)
pids=
trap 'kill $pids 2>/dev/null; rm -rf "$room"' EXIT
mkfifo "$room/in" "$room/javaout" "$room/ready" "$room/luaout"
cat >"$room/Wait.java" <<'JAVA'
public class Wait {
    public static void main(String[] a) throws Exception {
        long s = 0;
        for (int r = 0; r < 200; r++) for (int i = 0; i < 100000; i++) s += i % (r + 1);
        System.out.println("ready " + s);
        System.in.read();
    }
}
JAVA
exec 3<>"$room/in"
java "$room/Wait.java" <"$room/in" >"$room/javaout" 2>/dev/null &
java=$!
cp "$BIN/jitlua" "$room/jitlua"
"$room/jitlua" -e 'local s = 0 for r = 1, 200 do for i = 1, 100000 do s = s + i % r end end print("ready") io.flush() io.read()' <"$room/in" >"$room/luaout" &
lua=$!
pids="$java $lua"
read -r line <"$room/javaout"
read -r line <"$room/luaout"
mkdir "$room/none"

look() { # NAME COMMAND...: median wall time and largest memory
    local name=$1 TIMEFORMAT=%3R t all=()
    shift
    for ((i = 0; i < RUNS; i++)); do
        t=$( { time "$@" >"$room/out" 2>&1; } 2>&1)
        [ -s "$room/out" ] || { echo "$name shows nothing" >&2; exit 1; }
        all+=("$t")
    done
    local kb
    kb=$(perl -e 'my $pid = fork; if (!$pid) { open STDOUT, ">", "/dev/null"; open STDERR, ">&STDOUT"; exec @ARGV }
        my ($status, $usage) = ("\0" x 8, "\0" x 144); # wait4 of x86-64; ru_maxrss stands behind two times
        syscall(61, $pid, $status, 0, $usage); print unpack "x32q", $usage' "$@")
    printf '%-34s %6d ms %8d kB\n' "$name" "$(printf '%s\n' "${all[@]}" | sort -n | sed -n "$(((RUNS + 1) / 2))p" | awk '{ print $1 * 1000 }')" "$kb"
}

printf '%-34s %9s %11s\n' 'one look' wall memory
look 'jstat -compiler' jstat -compiler "$java"
JITSTAT_DIR=$room/none look 'jitstat snapshot, no daemon' "$BIN/jitstat" snapshot -p "$lua"
if [ "$(id -u)" = 0 ]; then
    "$BIN/jitstatd" --dir "$room/run" --files "$room/" >"$room/ready" &
    pids="$pids $!"
    read -r line <"$room/ready"
    JITSTAT_DIR=$room/run look 'jitstat snapshot, through jitstatd' "$BIN/jitstat" snapshot -p "$lua"
fi
echo >&3
echo >&3
