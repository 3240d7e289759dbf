# status.sh: exit statuses, signals and messages of the command line.
. "$(dirname "$0")/lib.sh"
run() { "$JITSTAT" "$@" >"$TMP/out" 2>"$TMP/err"; }
# Statuses are the same without BPF, and come quicker.
cp "$JITSTAT" "$EMITTER" "$TMP"
quick() { if root; then nobody "$TMP/jitstat" "$@"; else "$JITSTAT" "$@"; fi >"$TMP/out" 2>"$TMP/err"; }
lines() { wc -l <"$TMP/err"; }

run --version; equal "--version" $? 0
has "it names itself" "$TMP/out" '^jitstat [0-9]+\.[0-9]+\.[0-9]+'
run --help; equal "--help" $? 0
has "it lists the commands" "$TMP/out" '^  snapshot '
COMMANDS=$("$JITSTAT" --help | sed -nE 's/^  ([a-z]+) +[^ ].*/\1/p' | grep -v jitstat)
for c in $COMMANDS; do
    run $c --help; equal "$c --help" $? 0
    has "$c's usage" "$TMP/out" "^usage: jitstat \[?$c"
    has "$c's help ends in examples" "$TMP/out" '^examples?:'
    check "$c's help fits 80 columns" test -z "$(grep -E '.{81}' "$TMP/out")"
    run $c --frobnicate; equal "$c: an unknown option" $? 2
    equal "one line" "$(lines)" 1
    has "that says where to look" "$TMP/err" "see .jitstat $c --help"
done
run frobnicate; equal "an unknown command" $? 2
has "says where to look" "$TMP/err" 'see .jitstat --help'
run abort; equal "a misspelt command" $? 2
has "finds the nearest" "$TMP/err" 'did you mean .jitstat aborts'
run run; equal "run without a command" $? 2
run run --frob -- true; equal "an unknown option" $? 2
run run -o; equal "an option without its value" $? 2
run snapshot; equal "snapshot without a pid" $? 2
run snapshot -p x; equal "snapshot of a word" $? 2
run snapshot -p 1 2; equal "one argument too many" $? 2
equal "one line" "$(lines)" 1
run list x; equal "list with an argument" $? 2
run top -r 3; equal "an option of other commands" $? 2
has "is named" "$TMP/err" '^jitstat: no option -r \('
run top --rows=3; equal "a long one" $? 2
has "is named, too" "$TMP/err" '^jitstat: no option --rows \('
for a in "-p 3 -a" "-i x -a" "-a --maps" "-a --for 3" "-p 3 --counts"; do
    run snapshot $a; equal "snapshot $a contradicts itself" $? 2
    equal "one line" "$(lines)" 1
done
run help loops; equal "help of a command" $? 0
has "is its own" "$TMP/out" '^usage: jitstat loops '
run help lops; equal "help of none" $? 2

run snapshot -p 2147483647; equal "a wrong pid" $? 1
equal "one line" "$(lines)" 1
has "that names it" "$TMP/err" '^jitstat: no process 2147483647'
run snapshot -p $$; equal "a process without a VM" $? 1
has "says so, and what to do" "$TMP/err" "^jitstat: process $$ \(bash\) has no VM of ours: "
equal "one line" "$(lines)" 1

# A process of another version: it maps a block of another layout.
mkfifo "$TMP/stay" "$TMP/mapped"
perl -e 'my $name = "jitstat:99"; my $fd = syscall 319, $name, 0; open my $f, "+<&=", $fd; truncate $f, 8192; syscall 9, 0, 8192, 1, 1, $fd, 0; $| = 1; print "mapped\n"; <STDIN>' \
    <"$TMP/stay" >"$TMP/mapped" &
OTHER=$!
PIDS="$PIDS $OTHER"
exec 6>"$TMP/stay" 5<"$TMP/mapped"
read -r LINE <&5
run why -p $OTHER; equal "another layout" $? 1
has "is said to be" "$TMP/err" "^jitstat: process $OTHER: its stats block has layout 99, this jitstat reads [0-9]+: use the jitstat of its version$"
equal "one line" "$(lines)" 1
exec 6>&- 5<&-
wait $OTHER

quick run -- "$TMP/emitter" exit=23; equal "CMD's status" $? 23
quick run -- "$TMP/emitter" kill=15; equal "128 + n for a signal" $? 143
quick run -- "$TMP/nothing"; equal "127: not found" $? 127
equal "one line" "$(grep -vc 'counting with BPF' "$TMP/err")" 1
PATH=/usr/bin:/bin quick run -- nothing-of-that-name; equal "127: not in PATH" $? 127
quick run -- /etc/passwd; equal "126: not executable" $? 126
quick run -o /nowhere/x -- true; equal "125: own failure" $? 125
quick run -- true; equal "a program without a VM" $? 0
has "says so" "$TMP/err" '^jitstat: true began no VM of ours'
quick run -j -- true
json "and as JSON" "$TMP/err" '@{$j->{processes}} == 0'
echo text | "$JITSTAT" run -- cat >"$TMP/out" 2>/dev/null
equal "CMD has our stdin and stdout" "$(cat "$TMP/out")" text

# Text for a person: below 80 columns, with its sections, after the program's own output.
run run -- "$EMITTER" loops=23 bridges=11 aborts=8 alarms=3 runs=5
check "below 80 columns" test -z "$(grep -v '^jitstat: ' "$TMP/err" | grep -E '.{80}')"
for s in '^process [0-9]+ \(emitter\), exited, 1 VM' '^  VM 1 \(emit\), ended$' '^  23 loops and 11 bridges compiled, ' '^  times' '^    TRACING ' \
    '^  counters' 'TOTAL_COMPILED_BRIDGES +11' '^  loops, by runs' ' prog.lua:[0-9]+$' '^  aborts' ' NYI_CALL +loop +lib/slow.lua:10' \
    ': move the call out of the hot loop' 'ALARM: a hot loop is blacklisted .1x.: prog.lua:[0-9]' '^loss: missed 0, ring full 0, map full 0, late 0$'; do
    has "text: $s" "$TMP/err" "$s"
done

# A signal sent to jitstat reaches CMD; one from the terminal does not reach it twice.
mkfifo "$TMP/ready"
"$JITSTAT" run -j -o "$TMP/sig" -- "$EMITTER" loops=3 wait >"$TMP/ready" 2>"$TMP/err" < <(exec tail -f /dev/null --pid=$$) &
watcher=$!
PIDS="$PIDS $watcher"
read -r LINE <"$TMP/ready"
kill -TERM $watcher
wait $watcher
equal "SIGTERM is passed on" $? 143
json "and the snapshot still comes" "$TMP/sig" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 3'
finish
