# users.sh: an ordinary user without any capability sees the own processes fully and nobody else's,
# and is told what needs BPF; under sudo CMD runs as the user who called.
. "$(dirname "$0")/lib.sh"
root || { skip "changing users needs root"; finish; }
# The binaries may stand where another user cannot go.
cp "$JITSTAT" "$EMITTER" "$TMP"
chmod 755 "$TMP"/*
mkdir -m 777 "$TMP/w"

nobody "$TMP/jitstat" run -j -o "$TMP/w/run" -- "$TMP/emitter" loops=23 bridges=11 aborts=7 snapshot >"$TMP/in" 2>"$TMP/err"
equal "run works" $? 0
equal "one line" "$(wc -l <"$TMP/err")" 1
has "says what needs BPF" "$TMP/err" '^jitstat: counting with BPF needs root \(CAP_SYS_ADMIN\): use sudo; without it: no run counts'
json "the numbers are the process's own" "$TMP/w/run" "same(\$v->{counters}, load('$TMP/in')->{counters})"
json "with its loops" "$TMP/w/run" '@{$v->{loop_run_times}} == 34 && $p->{comm} eq "emitter"'
nobody "$TMP/jitstat" run -j -o "$TMP/w/killed" -- "$TMP/emitter" loops=5 kill=9 2>"$TMP/err"
equal "a killed one's status" $? 137
json "and its last numbers" "$TMP/w/killed" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 5'
nobody "$TMP/jitstat" run -j -o "$TMP/w/family" -- sh -c "$TMP/emitter loops=2; $TMP/emitter loops=3 fork loops=4" 2>"$TMP/err"
json "a family" "$TMP/w/family" 'same([sort map { $_->{vms}[0]{counters}{TOTAL_COMPILED_LOOPS} } @{$j->{processes}}], [2, 4, 7])'

start loops=13 wait wait
line
nobody "$TMP/jitstat" snapshot -p "$PID" >"$TMP/out" 2>"$TMP/err"
equal "another user's process" $? 1
has "is refused with what to do" "$TMP/err" "^jitstat: process $PID \(emitter\) belongs to user 0: run as root or as that user$"
equal "one line" "$(wc -l <"$TMP/err")" 1
nobody "$TMP/jitstat" list >"$TMP/out" 2>"$TMP/err"
check "and not listed" test -z "$(grep emitter "$TMP/out")"
go; line; go; wait "$PID"

mkfifo "$TMP/i" "$TMP/o"
"${NOBODY[@]}" "$TMP/emitter" loops=13 aborts=3 wait <"$TMP/i" >"$TMP/o" &
own=$!
PIDS="$PIDS $own"
exec 5>"$TMP/i" 6<"$TMP/o"
read -r LINE <&6
nobody "$TMP/jitstat" snapshot -p "$own" -j >"$TMP/own" 2>"$TMP/err"
equal "the own process" $? 0
json "is read fully" "$TMP/own" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 13 && @{$v->{loop_run_times}} == 13'
nobody "$TMP/jitstat" snapshot -p "$own" >"$TMP/out" 2>"$TMP/err"
has "and the rest explained" "$TMP/err" '^jitstat: from the stats block; .* need BPF: sudo'
nobody "$TMP/jitstat" snapshot -p "$own" --for 1 >"$TMP/out" 2>"$TMP/err"
equal "--for without privilege" $? 1
has "says what it needs" "$TMP/err" '^jitstat: counting with BPF needs root'
nobody "$TMP/jitstat" list >"$TMP/out" 2>"$TMP/err"
has "list shows it" "$TMP/out" '^ +[0-9]+ +65534 emitter +1 +13 +0 +3 '
"$TMP/jitstat" snapshot -p "$own" -j >"$TMP/own" 2>"$TMP/err"
json "root sees it too" "$TMP/own" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 13'
echo >&5
wait "$own"

# As sudo would call us.
printf '#!/bin/sh\nid -u; id -g; id -G; echo $HOME\nexec %s loops=3\n' "$TMP/emitter" >"$TMP/who"
chmod 755 "$TMP/who"
SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody "$TMP/jitstat" run -j -o "$TMP/sudo" -- "$TMP/who" >"$TMP/out" 2>"$TMP/err"
equal "under sudo CMD runs as the user" "$(head -3 "$TMP/out" | tr '\n' ' ')" "65534 65534 65534 "
json "and is watched all the same" "$TMP/sudo" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 3'
finish
