# dump.sh: `jitstat dump` shows what the process itself saw when it compiled, to its own user, long after.
. "$(dirname "$0")/lib.sh"
COPY=$TMP/lua
mkdir "$COPY"
cp "$HERE/lua/listed.lua" "$COPY"
chmod -R a+rX "$TMP"
mkfifo -m 666 "$TMP/hold"
# listed NAME COMMAND...: the program runs until it is killed; its pid in $PID, its words in $TMP/NAME.
listed() {
    local name=$1
    shift
    says "$TMP/$name" '^ready' env -C "$COPY" "$@" listed.lua <>"$TMP/hold"
}
# agrees NAME PREFIX...: what PREFIX jitstat dumps of every trace equals what the hook saw.
agrees() {
    local name=$1 n
    shift
    for n in $(awk '$1 == "trace" { print $2 }' "$TMP/$name"); do
        "$@" "$JITSTAT" dump -p $PID -j "$n" >"$TMP/$name.$n"
        json "$name: trace $n has its operations" "$TMP/$name.$n" 'my @h = map { [split /\t/, $_] } split /\n/, `grep -P "^op\t'"$n"'\t" '"$TMP/$name"'`; @h > 10 && same([map { "$_->[2] $_->[3] $_->[4] $_->[5]" } @h], [map { my $o = $j->{compiled}[$_]; "$_ $o->{line} $o->{offset} $o->{text}" } 0 .. $#{$j->{compiled}}])'
        json "$name: trace $n has its code" "$TMP/$name.$n" 'my $at; for my $o (@{$j->{compiled}}) { for (@{$o->{code}}) { return 0 if $_->[1] =~ /bad/ or defined $at && $_->[0] < $at; $at = $_->[0] } } $at > 10'
        json "$name: trace $n: every guard is a way out" "$TMP/$name.$n" 'my %x = map { $_->{op} => 1 } @{$j->{exits}}; my @g = grep { $j->{compiled}[$_]{name} =~ /^guard/ } 0 .. $#{$j->{compiled}}; @g && !grep { !$x{$_} } @g'
    done
}
listed static "$BIN/jitlua"
agrees static env
bridge=$(awk '$1 == "trace" { n = $2 } END { print n }' "$TMP/static")
json "a bridge takes its guard over" "$TMP/static.1" '(grep { $_->{bridge} == '$bridge' && $_->{bridge_runs} > 500 } @{$j->{exits}}) == 1'
json "the line of an inlined function is in its own file" "$TMP/static.$bridge" '(grep { $_->{file} eq "other.lua" && $_->{line} == 2 && $_->{name} eq "float_add" } @{$j->{compiled}}) == 1 && $j->{recorded}[0]{file} eq ""'
json "with alarms and loss" "$TMP/static.1" 'ref $j->{alarms} && same($j->{loss}, {missed => 0, ring_full => 0, map_full => 0, late => 0})'
json "and what was recorded is there" "$TMP/static.1" '@{$j->{recorded}} > 10 && $j->{greenkey} eq "listed.lua:15" && $j->{state} eq "live"'
for w in 80 100 132; do
    "$JITSTAT" dump -p $PID -w $w -a listed.lua:15 >"$TMP/text.$w"
    equal "nothing is wider than $w columns" "$(awk -v w=$w 'length > w' "$TMP/text.$w" | head -n 1)" ""
    equal "it ends with alarms and loss at $w" "$(tail -n 2 "$TMP/text.$w" | tr '\n' '|')" "alarms: 0|loss: missed 0, ring full 0, map full 0, late 0|"
    has "source at $w" "$TMP/text.$w" '^15 +if i % 5 == 0 then'
    has "operations side by side at $w" "$TMP/text.$w" '^i[0-9]+ = getframetag\([0-9]\) +\| i[0-9]+ = getframetag'
    has "machine code at $w" "$TMP/text.$w" ' +[0-9a-f]+  cmp dword ptr \[r14'
done
has "machine code in the third column" "$TMP/text.132" '\|.*\| +[0-9a-f]+  cmp dword ptr'
"$JITSTAT" dump -p $PID 99 2>"$TMP/none"
equal "no such trace" $? 1
has "says what to do" "$TMP/none" 'jitstat loops -r 0 -p'
"$JITSTAT" dump -p $PID 2>/dev/null
equal "wrong usage" $? 2
if root; then
    kill $PID
    listed own "${NOBODY[@]}" "$BIN/jitlua"
    agrees own nobody
    nobody "$JITSTAT" dump -p $PID 1 >"$TMP/text.own"
    has "an ordinary user sees source lines too" "$TMP/text.own" '^15 +if i % 5'
    kill $PID
    listed roots "$BIN/jitlua"
    nobody "$JITSTAT" dump -p $PID 1 >"$TMP/refused" 2>&1
    equal "but not another user's" $? 1
fi
kill $PID
listed shared env LD_LIBRARY_PATH="$BIN" "$BIN/e2e/lua-dyn"
agrees shared env
kill $PID
listed budget env JITSTAT=listing_size=0 "$BIN/jitlua"
"$JITSTAT" dump -p $PID 1 >"$TMP/refused" 2>&1
equal "nothing is kept with listing_size=0" $? 1
has "and says so" "$TMP/refused" 'listing_size'
kill $PID
finish
