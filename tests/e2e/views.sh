# views.sh: the views of what is there: list, loops, aborts, exits, why, metrics, the lines of `jitstat`,
# of a live process and of a saved snapshot, as text and as JSON, with alarms and loss in each.
. "$(dirname "$0")/lib.sh"
cp "$JITSTAT" "$EMITTER" "$TMP"
chmod 755 "$TMP"/*
LONG=$(printf 'd%.0s' {1..60})

"$JITSTAT" run -j -o "$TMP/a.json" -- "$EMITTER" loops=23 bridges=11 aborts=8 alarms=2 leave=2000 runs=0 2>/dev/null
start loops=23 bridges=11 aborts=8 alarms=2 leave=2000 wait loops=5 aborts=2 leave=1 wait vm=two loops=3 wait
line

"$JITSTAT" list -j >"$TMP/list"
view() { "$JITSTAT" "$@" >"$TMP/out" 2>"$TMP/err"; }
narrow() { check "$1 is below 80 columns" test -z "$(grep -E '.{80}' "$TMP/out")"; }
tails() {
    has "$1 ends with the alarms" "$TMP/out" '^alarms: 2$'
    has "$1 ends with the loss" "$TMP/out" '^loss: missed 0, ring full 0, map full 0, late 0$'
}

for v in loops aborts exits why; do
    order=$([ $v = loops ] && echo "-S number")
    view $v -p "$PID"; equal "$v of a process" $? 0
    narrow "$v"
    tails "$v"
    has "$v says whose" "$TMP/out" "^process $PID \\(emitter\\), VM 1 \\(emit\\)$"
    view $v -i "$TMP/a.json"; equal "$v of a saved snapshot" $? 0
    tails "saved $v"
    view $v -i - <"$TMP/a.json"; equal "$v of stdin" $? 0
    view $v $order -p "$PID" -j
    json "$v -j has alarms and loss" "$TMP/out" '$j->{version} == 1 && @{$j->{alarms}} == 2 && $j->{alarms}[0]{alarm} eq "BLACKLISTED" && $j->{alarms}[0]{advice} eq "move the call out of the hot loop" && same($j->{loss}, {missed => 0, ring_full => 0, map_full => 0, late => 0})'
    sed "s/\"pid\":[0-9]*/\"pid\":1/g" "$TMP/out" >"$TMP/live"
    view $v $order -i "$TMP/a.json" -j
    sed "s/\"pid\":[0-9]*/\"pid\":1/g" "$TMP/out" >"$TMP/saved"
    rows=${v/why/findings}
    # kinds of rows, not rows: how many aborts are worth a finding is a matter of their time
    json "$v -j live and saved have the same keys" "$TMP/live" "my (%a, %b); \$a{join ',', sort keys %\$_}++ for @{\$j->{$rows}}; \$b{join ',', sort keys %\$_}++ for @{load('$TMP/saved')->{$rows}}; %a && same([sort keys %a], [sort keys %b])"
done

view loops -p "$PID" -r 0 -j
json "every trace is a row" "$TMP/out" '@{$j->{loops}} == 34 && 11 == grep { $_->{kind} eq "b" && $_->{parent} == 1 && $_->{guard} == 2 } @{$j->{loops}}'
json "with its numbers" "$TMP/out" '!grep { $_->{ops} != 17 || $_->{guards} != 3 || $_->{code_size} != 128 || $_->{state} ne "live" || $_->{exits} != 2000 + $_->{number} } @{$j->{loops}}'
view loops -p "$PID" -S exits -r 2 -j
json "sorted by exits, two rows" "$TMP/out" 'same([map { $_->{number} } @{$j->{loops}}], [34, 33])'
view loops -p "$PID" -S source -r 0 -j
json "sorted by source" "$TMP/out" 'my @l = map { $_->{line} } @{$j->{loops}}; same(\@l, [sort { $a <=> $b } @l])'
view loops -p "$PID" -r 3
equal "-r 3: three rows" "$(grep -cE ' prog\.lua:[0-9]+$' "$TMP/out")" $((3 + 2)) # and two alarms
has "and how many are left out" "$TMP/out" '^and 31 more$'
has "run counts that are off are said to be" "$TMP/out" '^RUNS: counts were not on; `jitstat loops -c 5`'
view loops -S frob; equal "no such order" $? 2

view aborts -p "$PID" -j
json "aborts by place, most expensive first" "$TMP/out" 'my @a = @{$j->{aborts}}; my ($n, $x) = (0, 1e9); for (@a) { $n += $_->{count}; die if $_->{seconds_lost} > $x; $x = $_->{seconds_lost}; } $n == 8 && !grep { !$_->{advice} || $_->{file} ne "lib/slow.lua" } @a'
view aborts -p "$PID"
has "how much of tracing was lost" "$TMP/out" '^8 of 42 recordings aborted at 8 places, [0-9.]+ [mun]?s lost \([0-9]+ % of tracing\)$'
has "with what to do" "$TMP/out" '^       a call that cannot be recorded: move the call out of the hot loop$'

has "an alarm, with what its aborts ask for" "$TMP/out" '^         move the call out of the hot loop$'

view exits -p "$PID" -r 0 -j
json "every guard that was left" "$TMP/out" '@{$j->{exits}} == 34 && $j->{exits}[0]{exits} == 2034 && $j->{exits}[0]{line} == 234 && $j->{exits}[0]{guard} == 1 && $j->{exits}[0]{file} eq "prog.lua"'
json "shares are of all exits" "$TMP/out" 'my $n = 0; $n += $_->{share} for @{$j->{exits}}; abs($n - 1) < 1e-4'
view exits -p "$PID"
has "the hottest guard" "$TMP/out" '^  2034   3\.0% bridge     34     1      - prog\.lua:234$'

view why -p "$PID"
has "why: an alarm with its place" "$TMP/out" '^ 1\. prog\.lua:[01]$'
has "why: and the advice of what blacklisted it" "$TMP/out" '^      move the call out of the hot loop$'
view why -p "$PID" -r 0 -j
json "why: what needs nothing is no finding" "$TMP/out" '!grep { $_->{what} =~ /^(BRIDGE|SEGMENTED_TRACE)/ } @{$j->{findings}}'

sed -E 's/"alarm":"BLACKLISTED",("what":"[^"]*"),"file":"[^"]*","line":[0-9]*/"alarm":"CODE_NO_ROOM",\1,"file":"","line":0/g; s/"TRACING":[0-9]+/"TRACING":0/g' "$TMP/a.json" >"$TMP/no_room.json"
view why -i "$TMP/no_room.json" -j
json "why: no room for code, and not besides that nothing is hot" "$TMP/out" '2 == grep { $_->{finding} eq "alarm" && $_->{what} =~ /^no room for machine code/ } @{$j->{findings}} and !grep { $_->{finding} eq "cold" } @{$j->{findings}}'

view metrics -p "$PID"; equal "metrics" $? 0
has "metrics: loops" "$TMP/out" "^jitstat_compiled_loops_total\\{pid=\"$PID\",comm=\"emitter\",vm=\"1\",guest=\"emit\"\\} 23$"
has "metrics: a zero is shown" "$TMP/out" '^jitstat_aborts_total.*reason="interrupt"\} 0$'
has "metrics: alarms" "$TMP/out" '^jitstat_alarms_total.*alarm="blacklisted"\} 2$'
has "metrics: loss" "$TMP/out" '^jitstat_lost_total\{cause="missed"\} 0$'
check "metrics: no source place" test -z "$(grep -E 'prog.lua|slow.lua' "$TMP/out")"
check "metrics: every line is a comment or a sample" test -z "$(grep -vE '^(# (HELP|TYPE) jitstat_[a-z_]+ .*|jitstat_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.]+)$' "$TMP/out")"
equal "metrics: every family once" "$(grep -c '^# TYPE' "$TMP/out")" "$(grep '^# TYPE' "$TMP/out" | sort -u | wc -l)"

# Lines: since the start, then what happened in between. The second sample waits for the emitter's answer.
mkfifo "$TMP/lines"
"$JITSTAT" -p "$PID" -T -j 0.05 >"$TMP/lines" 2>"$TMP/err" &
watcher=$!
PIDS="$PIDS $watcher"
exec 5<"$TMP/lines"
read -r LINE <&5
echo "$LINE" >"$TMP/first"
json "the first line is since the start" "$TMP/first" '$j->{interval} == 0 && $j->{loops} == 23 && $j->{bridges} == 11 && $j->{aborts} == 8 && $j->{exits} > 68000 && $j->{lost} == 0'
go
line
: >"$TMP/then"
while read -r LINE <&5; do
    echo "$LINE" >>"$TMP/then"
    perl -MJSON::PP -e 'exit !(decode_json($ARGV[0])->{aborts})' "$LINE" && break
done
json "then the differences" "$TMP/then" '$j->{aborts} <= 2 && $j->{loops} <= 5 && $j->{interval} > 0'
go
line
# A line may be made while the VM is there and its loops are not: until all are.
loops_of_lines() { perl -MJSON::PP -ne '$n += decode_json($_)->{loops}; END { print $n + 0 }' "$TMP/then"; }
while [ "$(loops_of_lines)" -lt 8 ] && read -r LINE <&5; do echo "$LINE" >>"$TMP/then"; done
json "the VM that came is there" "$TMP/then" '$j->{vms} == 2'
go
wait "$PID"
cat <&5 >>"$TMP/then" # a full pipe would hold it up
wait $watcher
equal "it ends with its process" $? 0
equal "no event is counted twice or lost between lines" "$(loops_of_lines)" 8

# What happens from now on: exits and aborts that were there before are left out.
start loops=3 aborts=4 leave=2000 wait aborts=2 leave=5 wait
line
for v in exits aborts; do watch_by "$TMP/$v" $v -p "$PID" -r 0 -j 1000; eval "$v=$watcher"; done
go
line
kill -INT $exits $aborts
wait $exits && wait $aborts
equal "an interval ends well" $? 0
json "exits of an interval" "$TMP/exits" 'same([map { $_->{exits} } @{$j->{exits}}], [8, 7, 6]) && $j->{interval} > 0'
json "their share is of its exits" "$TMP/exits" 'my $n = 0; $n += $_->{share} for @{$j->{exits}}; abs($n - 1) < 1e-4'
json "aborts of an interval" "$TMP/aborts" 'my $n = 0; $n += $_->{count} for @{$j->{aborts}}; $n == 2'
go
wait "$PID"
view loops -p "$$" 1 2; equal "a count of intervals" $? 2
view loops -i "$TMP/a.json" 1; equal "an interval of a file" $? 2
view loops -i "$TMP/a.json" -c; equal "counts of a file" $? 2
view why -i "$TMP/a.json" -a; equal "a file and all processes" $? 2
view why -p 1 -a; equal "a process and all" $? 2

# Two saved ones.
"$JITSTAT" run -j -o "$TMP/b.json" -- "$EMITTER" loops=24 bridges=11 aborts=9 alarms=1 leave=2000 2>/dev/null
view diff "$TMP/a.json" "$TMP/b.json"; equal "diff" $? 0
narrow diff
has "diff: a counter" "$TMP/out" '^  TOTAL_COMPILED_LOOPS +23 +24 +\+1 '
has "diff: a loop that is new" "$TMP/out" '^  new .* prog.lua:'
has "diff: an abort more" "$TMP/out" '^ +0 +1 .*lib/slow.lua:'
has "diff ends with the alarms" "$TMP/out" '^alarms: 2 in A, 1 in B$'
equal "and with the loss of both" "$(grep -cE '^[AB] loss: missed 0, ring full 0, map full 0, late 0$' "$TMP/out")" 2
view diff -j "$TMP/a.json" "$TMP/b.json"
json "diff -j" "$TMP/out" 'same($j->{counters}{TOTAL_COMPILED_LOOPS}, [23, 24]) && same($j->{alarms}, [2, 1]) && same($j->{loss}{missed}, [0, 0]) && 1 == grep { $_->{state} eq "new" && $_->{kind} eq "l" } @{$j->{loops}}'
view diff "$TMP/a.json" "$TMP/a.json"
has "diff of equal ones" "$TMP/out" '^  no difference$'
view diff "$TMP/a.json"; equal "diff of one file" $? 2

# A saved snapshot is a whole one, with what BPF measured.
view snapshot -i "$TMP/a.json"; equal "a saved snapshot as text" $? 0
narrow "a saved snapshot"
tails "a saved snapshot"
if root; then
    has "with times from outside" "$TMP/out" '^    BACKEND .* outside: .* in 34, half < '
    json "and their histogram" "$TMP/a.json" 'my ($n, $b) = (0, $v->{outside}{BACKEND}); $n += $_ for @{$b->{log2}}; $n == 34 && $b->{count} == 34 && $b->{ns} > 0'
fi

view -i "$TMP/a.json"; equal "lines are not of files" $? 2
view 0.01 2; equal "an interval and a count" $? 0
equal "two lines, one header" "$(wc -l <"$TMP/out")" 3
narrow "a line"
view -T 0.01 23
equal "23 asked for, 23 shown" "$(grep -cE '^[0-9:]{8} ' "$TMP/out")" 23
equal "the header comes again" "$(grep -c PROCS "$TMP/out")" 2
narrow "a line with -T"
view -C loops,OPS,ABORT_NYI_CALL 0.01 1
equal "columns by name" "$(head -1 "$TMP/out" | tr -s ' ')" "LOOPS OPS ABORT_NYI_CALL LOST"
view -C lost,loops 0.01 1
equal "the loss once" "$(head -1 "$TMP/out" | tr -s ' ')" "LOST LOOPS"
view -C frob; equal "no such column" $? 2
view 0; equal "no such interval" $? 2
view 1 x; equal "no such count" $? 2
mkfifo "$TMP/one"
"$JITSTAT" 1000 >"$TMP/one" 2>"$TMP/err" &
watcher=$!
PIDS="$PIDS $watcher"
exec 5<"$TMP/one"
read -r LINE <&5 && read -r LINE <&5
kill -INT $watcher
wait $watcher
equal "Ctrl-C is a good end" $? 0

# Every key of every command's JSON stands in jitstat(1), FIELDS.
start loops=2 bridges=1 aborts=1 alarms=1 leave=5 wait loops=1 aborts=1 alarms=2 wait
line
for v in "list" "loops" "aborts" "exits" "why" "stat" "doctor" "snapshot -a" "snapshot -p $PID --maps"; do "$JITSTAT" $v -j 2>/dev/null; done >"$TMP/keys"
"$JITSTAT" diff -j "$TMP/a.json" "$TMP/b.json" >>"$TMP/keys"
cat "$TMP/a.json" >>"$TMP/keys"
watch_by "$TMP/followed" trace -p "$PID" -e all -j
go
line
kill -INT $watcher
wait $watcher
check "events are followed" grep -q '"event":"alarm"' "$TMP/followed"
go
wait "$PID"
mkfifo "$TMP/hold"
says "$TMP/said" '^ready' "$BIN/jitlua" "$HERE/lua/listed.lua" <>"$TMP/hold"
"$JITSTAT" dump -p "$PID" -j 1 >"$TMP/dumped"
kill "$PID"
cat "$TMP/dumped" >>"$TMP/keys"
# unknown FILE PAGE...: keys of the JSON in FILE that do not stand in a page (of jitstat(1): in FIELDS).
unknown() {
    perl -MJSON::PP -e 'local $/; open my $f, "<", shift; my ($page, %k) = "";
    for (@ARGV) { open my $m, "<", $_; my $text = <$m>; $text =~ s/.*\.SH FIELDS//s; $page .= $text }
    sub keys_of { my ($x, $of) = @_; if (ref $x eq "ARRAY") { keys_of($_, $of) for @$x } elsif (ref $x eq "HASH") { for (keys %$x) { $k{$_} = 1 if $of !~ /^(events|hooks)$/; keys_of($x->{$_}, $_) } } }
    keys_of($_, "") for JSON::PP->new->incr_parse(<$f>); print join " ", grep { $page !~ /(?<![a-z_])$_(?![a-z_])/i } sort keys %k;' "$@"
}
DOCS=$HERE/../../docs
equal "no key that jitstat(1) has not" "$(unknown "$TMP/keys" "$DOCS/jitstat.1")" ""
equal "no key of an event that neither it nor probes.md has" "$(unknown "$TMP/followed" "$DOCS/jitstat.1" "$DOCS/probes.md")" ""
check "and there were many" test "$(wc -l <"$TMP/keys")" = 12

# A terminal of 40 columns: nothing runs over.
start loops=23 bridges=11 aborts=8 alarms=2 leave=2000 wait
line
for c in list "loops -p $PID" "aborts -p $PID" "exits -p $PID" "why -p $PID" "snapshot -p $PID" "-p $PID 0.01 2" "-T -p $PID 0.01 2"; do
    TERM=dumb script -qec "stty cols 40; $JITSTAT $c" /dev/null </dev/null | tr -d '\r' >"$TMP/out"
    check "40 columns: ${c%% *}" test -s "$TMP/out" -a -z "$(grep -E '.{41}' "$TMP/out")"
    has "40 columns: the loss" "$TMP/out" 'loss: missed 0|LOST'
done
for n in 60 70 79; do
    for c in "-p $PID" "-T -p $PID"; do
        TERM=dumb script -qec "stty cols $n; $JITSTAT $c 0.01 2" /dev/null </dev/null | tr -d '\r' >"$TMP/out"
        check "$n columns: $c" test "$(wc -l <"$TMP/out")" = 3 -a -z "$(grep -E ".{$((n + 1))}" "$TMP/out")"
    done
done
go
wait "$PID"

# Files that are none.
echo '{"a":1}' >"$TMP/no"; echo '{"a":' >"$TMP/cut"; : >"$TMP/empty"
sed 's/"version":1/"version":7/' "$TMP/a.json" >"$TMP/v7"
for f in no cut empty list v7 nothing; do
    view aborts -i "$TMP/$f"; equal "$f: refused" $? 1
    equal "one line" "$(wc -l <"$TMP/err")" 1
    check "nothing on stdout" test ! -s "$TMP/out"
done
has "a version that is not known" "$TMP/err" 'cannot be read: No such file'

# A name that is too long keeps its tail, a column keeps its width.
mkdir -p "$TMP/$LONG"
sed "s#lib/slow.lua#$LONG/slow.lua#g; s#prog.lua#$LONG/prog.lua#g" "$TMP/a.json" >"$TMP/long.json"
for v in loops aborts exits why list; do
    view $v -i "$TMP/long.json"
    narrow "$v of long paths"
done
view aborts -i "$TMP/long.json"
has "its tail" "$TMP/out" '^ .*\.\.\.d+/slow\.lua:10[0-9]$'
check "no colour where there is no terminal" test -z "$(grep -P '\x1b' "$TMP/out")"

# An ordinary user.
if root; then
    nobody "$TMP/jitstat" loops >"$TMP/out" 2>"$TMP/err"
    equal "nobody: loops" $? 0
    equal "one line says what needs BPF" "$(grep -c 'sudo' "$TMP/err")" 1
    nobody "$TMP/jitstat" aborts -p $$ >"$TMP/out" 2>"$TMP/err"
    equal "nobody: another's process" $? 1
fi
finish
