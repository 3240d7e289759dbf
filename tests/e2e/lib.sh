# lib.sh: what the end-to-end tests share. Sourced by tests/e2e/*.sh, which run.sh starts with the
# folder of the binaries as their argument. Every check prints "ok - name" or "not ok - name";
# scripts end with `finish`. Nothing sleeps: tests wait for a line, an event or an end.
BIN=$(cd "${1:?usage: $0 BINDIR}" && pwd)
HERE=$(cd "$(dirname "$0")" && pwd)
JITSTAT=$BIN/jitstat
EMITTER=$BIN/e2e/emitter
TMP=$(mktemp -d /tmp/jitstat-e2e.XXXXXX)
chmod 755 "$TMP"
export JITSTAT_DIR=$TMP/run # a jitstatd of the machine's has no say in what is tested
BAD=0
PIDS=
trap 'for p in $PIDS; do kill -9 $p 2>/dev/null; done; rm -rf "$TMP"' EXIT

ok() { echo "ok - $*"; }
not_ok() { echo "not ok - $*"; BAD=$((BAD + 1)); }
# check NAME COMMAND...: ok if the command succeeds
check() { local n=$1; shift; if "$@"; then ok "$n"; else not_ok "$n"; fi; }
# equal NAME GOT WANTED
equal() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: got '$2', wanted '$3'"; fi; }
# has NAME FILE PATTERN: a line of the file matches
has() { if grep -qE -- "$3" "$2"; then ok "$1"; else not_ok "$1: no /$3/ in: $(head -c 400 "$2" | tr '\n' '|')"; fi; }
# json NAME FILE EXPRESSION: true of $j, the decoded file (see json.pl)
json() { if perl "$HERE/json.pl" "$2" "$3"; then ok "$1"; else not_ok "$1: $3"; fi; }
skip() { echo "skip - $*"; }
finish() { [ $BAD = 0 ]; exit; }
root() { [ "$(id -u)" = 0 ]; }
# As an ordinary user without any capability.
NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all)
nobody() { "${NOBODY[@]}" "$@"; }

# machine_watches: a jitstatd of the machine's watches every process: then no probe is ever without a watcher.
machine_watches() { env -u JITSTAT_DIR "$JITSTAT" doctor 2>/dev/null | grep -q 'jitstatd is running$'; }

# start STEPS...: an emitter in the background that is told on with `go` and answers with `line`.
start() {
    mkfifo "$TMP/in.$#" "$TMP/out.$#" 2>/dev/null
    "$EMITTER" "$@" <"$TMP/in.$#" >"$TMP/out.$#" &
    PID=$!
    PIDS="$PIDS $PID"
    exec 7>"$TMP/in.$#" 8<"$TMP/out.$#"
}
line() { IFS= read -r LINE <&8; }
go() { echo go >&7; }
# watch OUT OPTIONS...: `jitstat snapshot -p $PID OPTIONS` in the background as $watcher; returns when it
# is attached.
watch() {
    local out=$1
    shift
    watch_by "$out" snapshot -p "$PID" "$@"
}
# watch_by OUT COMMAND OPTIONS...: the same of another command that says when it watches.
watch_by() {
    local out=$1
    shift
    rm -f "$TMP/watch"
    mkfifo "$TMP/watch"
    "$JITSTAT" "$@" >"$out" 2>"$TMP/watch" &
    watcher=$!
    PIDS="$PIDS $watcher"
    exec 9<"$TMP/watch"
    IFS= read -r LINE <&9
}
# says OUT PATTERN COMMAND...: COMMAND in the background as $PID, with our stdin; returns when it has said a line that matches
# (false: it ended before). Its lines until then are in OUT; what it says later goes nowhere, and must not be much.
says() {
    local out=$1 pattern=$2
    shift 2
    rm -f "$TMP/says"
    mkfifo "$TMP/says"
    "$@" <&0 >"$TMP/says" 2>&1 &
    PID=$!
    PIDS="$PIDS $PID"
    exec 6<"$TMP/says"
    while IFS= read -r LINE <&6; do
        printf '%s\n' "$LINE"
        [[ $LINE =~ $pattern ]] && return
    done >"$out"
    return 1
}
