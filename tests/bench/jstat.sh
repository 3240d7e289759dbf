#!/bin/bash
# jstat.sh [BINDIR]: the time of one look at one running process, from the command line: jitstat with a jitstatd and
# without, against `jstat -compiler` of OpenJDK (Debian: openjdk-17-jdk-headless) at a process of its own kind. Medians of
# RUNS (21) rounds, with the processor time and the memory of each. Not part of the tests.
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

# Every round looks once in each way, so that what else the machine does meets all of them alike.
names=() commands=()
way() { # NAME COMMAND...: one more way to look
    names+=("$1")
    shift
    commands+=("$(printf '%q ' "$@")")
}
# once N: wall and processor milliseconds of one look in way N, and its largest memory in kB.
once() {
    perl -MTime::HiRes=time -e 'my $t = time; my $pid = fork; if (!$pid) { open STDOUT, ">", $ARGV[0]; open STDERR, ">&STDOUT"; exec "exec $ARGV[1]" }
        my ($status, $usage) = ("\0" x 8, "\0" x 144); # wait4 of x86-64: two times, then ru_maxrss
        syscall(61, $pid, $status, 0, $usage); my $wall = time - $t; my ($us, $uu, $ss, $su, $kb) = unpack "q5", $usage;
        exit 1 if !-s $ARGV[0]; printf "%.1f %.1f %d\n", $wall * 1e3, ($us + $ss) * 1e3 + ($uu + $su) / 1e3, $kb' "$room/out" "${commands[$1]}" ||
        { echo "${names[$1]} shows nothing" >&2; exit 1; }
}
median() { sort -n | sed -n "$(((RUNS + 1) / 2))p"; }

way 'jstat -compiler' jstat -compiler "$java"
way 'jitstat snapshot, no daemon' env JITSTAT_DIR="$room/none" "$BIN/jitstat" snapshot -p "$lua"
if [ "$(id -u)" = 0 ]; then
    "$BIN/jitstatd" --dir "$room/run" --files "$room/" >"$room/ready" &
    pids="$pids $!"
    read -r line <"$room/ready"
    way 'jitstat snapshot, through jitstatd' env JITSTAT_DIR="$room/run" "$BIN/jitstat" snapshot -p "$lua"
fi
for ((i = 0; i < RUNS; i++)); do
    for n in "${!names[@]}"; do once "$n" >>"$room/way$n" || exit 1; done
done
printf '%-34s %9s %10s %9s\n' 'one look' wall processor memory
for n in "${!names[@]}"; do
    printf '%-34s %6.1f ms %7.1f ms %6d kB\n' "${names[$n]}" "$(cut -d' ' -f1 "$room/way$n" | median)" "$(cut -d' ' -f2 "$room/way$n" | median)" \
        "$(cut -d' ' -f3 "$room/way$n" | median)"
done
echo >&3
echo >&3
