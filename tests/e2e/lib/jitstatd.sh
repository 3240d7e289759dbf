# jitstatd.sh: a daemon for one test: its own folder (JITSTAT_DIR of lib.sh), its own copies of the programs, and eyes for
# nothing else, so that tests which run beside it are not disturbed. Sourced after lib.sh.
cp "$BIN/e2e/emitter" "$BIN/e2e/emitter-dyn" "$BIN/e2e/loader" "$BIN/e2e/many" "$BIN/e2e/libemitter.so.0" "$TMP" 2>/dev/null
EMITTER=$TMP/emitter
declare -A of in_of out_of
no_loss='same($j->{loss}, {missed => 0, ring_full => 0, map_full => 0, late => 0})'

# daemon_start OPTIONS: returns when it serves; $DAEMON is its pid.
daemon_start() {
    rm -f "$TMP/daemon"
    mkfifo "$TMP/daemon"
    "$BIN/jitstatd" --files "$TMP/" "$@" >"$TMP/daemon" 2>>"$TMP/daemon.err" &
    DAEMON=$!
    PIDS="$PIDS $DAEMON"
    exec 6<"$TMP/daemon"
    read -r LINE <&6
}
# begin NAME STEPS...: an emitter, until it says "ready"; begin_on: without waiting for that. ${of[NAME]} is its pid.
begin_on() {
    local n=$1 i o
    shift
    mkfifo "$TMP/in.$n" "$TMP/pipe.$n"
    $EMITTER "$@" <"$TMP/in.$n" >"$TMP/pipe.$n" 2>>"$TMP/err.$n" &
    of[$n]=$!
    PIDS="$PIDS $!"
    exec {i}>"$TMP/in.$n" {o}<"$TMP/pipe.$n"
    in_of[$n]=$i out_of[$n]=$o
}
begin() { begin_on "$@"; line_of "$1"; }
# Reads what it prints into out.NAME until it waits, or ends.
line_of() {
    local line
    while read -r line <&"${out_of[$1]}" && [ "$line" != ready ]; do echo "$line" >>"$TMP/out.$1"; done
}
# tell NAME: on to its next wait.
tell() { echo >&"${in_of[$1]}"; line_of "$1"; }
await_end() { wait "${of[$1]}" 2>/dev/null; }
# ask NAME, ask_all: a snapshot into $TMP/got.
ask() { "$BIN/e2e/source" -p "${of[$1]}" >"$TMP/got" 2>"$TMP/got.err"; STATUS=$?; }
ask_all() { "$BIN/e2e/source" -d >"$TMP/got" 2>"$TMP/got.err"; STATUS=$?; }
# follow N NAME [COMMAND...]: COMMAND source (by default ours) follows that process, or all if the name is -, until N events have
# come; `followed` waits for that, they are in $TMP/events.
follow() {
    local n=$1 who=$2 e
    shift 2
    if [ "$who" = - ]; then who=; else who="-p ${of[$who]}"; fi
    rm -f "$TMP/follow"
    mkfifo "$TMP/follow"
    "$@" "${SOURCE:-$BIN/e2e/source}" -d $who ready "events=$n" >"$TMP/follow" 2>"$TMP/follow.err" &
    FOLLOWER=$!
    PIDS="$PIDS $FOLLOWER"
    exec {e}<"$TMP/follow"
    read -r LINE <&"$e"
    cat <&"$e" >"$TMP/events" &
    READER=$!
}
followed() { wait "$FOLLOWER" "$READER"; }
