# top.sh: the full screen, in a terminal of tmux: what it shows, its keys, 40x10, a target that dies, and
# the terminal as it was afterwards. Every frame is read from the pane as it is written: nothing sleeps.
. "$(dirname "$0")/lib.sh"
command -v tmux >/dev/null || { skip "top needs tmux"; finish; }
tm() { tmux -f /dev/null -S "$TMP/tmux$SERVER" "$@"; }
SERVER=0 # one for each pane: one that ends and one that begins get in each other's way
trap 'for s in "$TMP"/tmux*; do tmux -S "$s" kill-server 2>/dev/null; done; for p in $PIDS; do kill -9 $p 2>/dev/null; done; rm -rf "$TMP"' EXIT
# top ARGS...: begins it in a new pane of 80x24; its bytes come through descriptor 4 and stay in raw.
mkfifo "$TMP/bytes"
exec 4<>"$TMP/bytes"
top() {
    SERVER=$((SERVER + 1))
    : >"$TMP/raw$SERVER"
    tm new-session -d -x 80 -y 24 sh
    tm pipe-pane -o "tee -a $TMP/raw$SERVER >$TMP/bytes"
    tm send-keys "$JITSTAT top $*; echo status \$?" Enter
}
# within SECONDS PATTERN: reads until a line matches.
within() {
    local line end=$((SECONDS + $1))
    while [ $SECONDS -lt $end ] && IFS= read -r -t "$1" -u 4 line; do
        [[ $line =~ $2 ]] && return
    done
    return 1
}
# await PATTERN: the same; fails if it does not come for a minute.
await() {
    within 60 "$1" && return
    not_ok "waiting for $1: $(tm capture-pane -p | tr '\n' '|')"
    return 1
}
# shows NAME PATTERN: on the screen, a minute later at most: what was awaited may be the first half of a frame.
shows() {
    local end=$((SECONDS + 60))
    until tm capture-pane -p >"$TMP/screen" && grep -qE -- "$2" "$TMP/screen" || [ $SECONDS -ge $end ]; do read -r -t 0.05 <> <(:); done
    has "$1" "$TMP/screen" "$2"
}
key() { tm send-keys "$1"; }
# page KEY PATTERN: another page. A key that comes when the process's row is just not there (its block was changing) does
# nothing, so a person presses again, and so does this.
page() {
    local i
    for ((i = 0; i < 10; i++)); do
        key "$1"
        within 5 "$2" && return
    done
    await "$2"
}

start loops=23 bridges=11 aborts=8 alarms=1 leave=2000 wait loops=5 wait
line
top -p "$PID" 0.1
await "$PID .*emitter"
shows "the process and its numbers" "^ *$PID +[0-9.]+ +23 +11 +8 +1 .*emitter"
shows "the alarm" "^! $PID prog.lua:0 a hot loop is blacklisted"
shows "and its advice" "^    move the call out of the hot loop$"
shows "the loss, also when there is none" "loss: missed 0, ring full 0, map full 0, late 0"
shows "the keys" "^q quit"
root || shows "and what an ordinary user does not see" "^from the stats block; .* need BPF: sudo, jitstatd$"
go
line
await "$PID +[0-9.]+ +28 "
ok "it goes on with the process"
for page in l:loops a:aborts x:exits w:why; do
    page "${page%%:*}" "${page#*:} of process $PID"
    ok "${page#*:} by its key"
done
tm resize-window -x 80 -y 60 # all eight aborts: which took longest is not known
page a "aborts of process $PID"
await "ends the recording; "
shows "a full line keeps its last character" 'ends the recording; a$'
page l "loops of process"
await "prog.lua:10"
shows "rows of a page" ' loop +1 +17 +3 .*prog.lua:10$'
key h
await "another process"
ok "help"
key Escape
await "loops of process"
key Escape
await "JIT%.*LOOPS"
ok "back to the processes"
key '>'
await 'LOOPS.?\*'
ok "sorted by another column"
key p
await PAUSED
ok "paused"
key p

tm resize-window -x 40 -y 10
await "alarms 1  lost 0"
await "$PID.*emitter"
shows "40x10: the process" "^ *$PID .*emitter"
check "40x10: ten lines of forty" test "$(wc -l <"$TMP/screen")" -le 10 -a -z "$(grep -E '.{41}' "$TMP/screen")"
for page in l:loops a:aborts x:exits w:why; do
    page "${page%%:*}" "${page#*:} of process $PID"
done
shows "40x10: a page" "why of process $PID"
tm resize-window -x 200 -y 50
await "loss: missed 0"
ok "and large again"
key Escape
await "JIT%.*LOOPS"
go
wait "$PID"
await "$PID +ended"
ok "a process that ends is said to have ended"
key q
await "status [0-9]"
shows "q ends well" "status 0$"
equal "the screen is the old one, with its cursor" "$(tm display -p '#{alternate_on} #{cursor_flag} #{wrap_flag}')" "0 1 1"

start loops=1 wait
line
top -p "$PID" 0.1
await "$PID .*emitter"
key C-c
await "status [0-9]"
shows "Ctrl-C ends well" "status 0$"
equal "and puts the terminal back" "$(tm display -p '#{alternate_on} #{cursor_flag} #{wrap_flag}')" "0 1 1"
top -p "$PID" 0.1
await "$PID .*emitter"
kill -TERM "$(pgrep -P "$(tm list-panes -F '#{pane_pid}')" jitstat)"
await "status [0-9]"
equal "SIGTERM puts the terminal back" "$(tm display -p '#{alternate_on} #{cursor_flag} #{wrap_flag}')" "0 1 1"
go
wait "$PID"

# Ctrl-Z gives the shell its terminal back; fg goes on where it was.
start loops=1 wait
line
top -p "$PID" 0.1
await "$PID .*emitter"
key l
await "loops of process $PID"
key C-z
await "status [0-9]"
equal "Ctrl-Z puts the terminal back" "$(tm display -p '#{alternate_on} #{cursor_flag} #{wrap_flag}')" "0 1 1"
check "it is stopped" grep -q '^State:.T' "/proc/$(pgrep -P "$(tm list-panes -F '#{pane_pid}')" jitstat)/status"
tm send-keys "stty -a | grep -c ' icanon .* echo ' | sed 's/^/lines and echo: /'" Enter
await "lines and echo: [0-9]"
shows "with echo and lines" "lines and echo: 1$"
tm send-keys "fg; echo then \$?" Enter # typed now: what is typed while top ends is lost
await "loops of process $PID"
ok "fg draws the page again"
equal "on a screen of its own" "$(tm display -p '#{alternate_on} #{cursor_flag} #{wrap_flag}')" "1 0 0"
key Escape
await "JIT%.*LOOPS"
ok "and takes keys"
key q
await "then [0-9]"
shows "it ends well after that" "then 0$"
go
wait "$PID"

# Run counts: on as long as top -c looks, off again after.
if root; then
    start loops=3 until=count runs=5 wait until=-count wait
    top -p "$PID" -c 0.1
    line
    await "$PID .*emitter"
    key l
    await "loops of process $PID"
    await ' 7 +.* prog.lua:12'
    shows "top -c: runs of the loops" '^ +5 +0 loop +1 .* prog.lua:10$'
    key q
    await "status [0-9]"
    shows "top -c ends well" "status 0$"
    go
    line
    ok "and counts are off again"
    go
    wait "$PID"
    cp "$JITSTAT" "$TMP"
    chmod 755 "$TMP/jitstat"
    nobody env TERM=xterm JITSTAT_DIR="$TMP/none" script -qec "$TMP/jitstat top -c" /dev/null </dev/null >"$TMP/out" 2>&1
    equal "top -c by an ordinary user without a daemon" $? 1
    has "says what it needs, and stays off the screen" "$TMP/out" '^jitstat: .*(sudo|root)'
fi

# A liar: only sequences of ours reach the terminal.
start loops=5 bridges=2 aborts=3 alarms=3 leave=2000 evil=names wait
line
top -p "$PID" 0.1
await "$PID "
for k in l a x w; do
    page $k "of process $PID"
done
key q
await "status [0-9]"
check "a liar's names do no harm" perl -e 'local $/; open my $f, "<", $ARGV[0]; $_ = <$f>; s/^.*?\e\[2J//s; s/\e\[\?1049l.*//s;
    s/\e\[(H|J|K|[0137]+m|\?25[lh]|\?7[lh]|0m)//g; exit 1 if !/jitstat/ || /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]/;' "$TMP/raw$SERVER"
go
wait "$PID"

"$JITSTAT" top >"$TMP/out" 2>"$TMP/err" </dev/null
equal "no terminal" $? 1
has "says what else there is" "$TMP/err" '^jitstat: top wants a terminal: '
equal "one line" "$(wc -l <"$TMP/err")" 1
"$JITSTAT" top -p 2147483647 >"$TMP/out" 2>"$TMP/err"
equal "no such process" $? 1
equal "one line" "$(wc -l <"$TMP/err")" 1
finish
