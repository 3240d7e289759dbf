# docs.sh: the documents agree with the tables, and every one-liner in docs/probes.md works as it
# stands there.
. "$(dirname "$0")/lib.sh"
DOCS=$HERE/../../docs
check "generated parts are up to date" perl "$DOCS/gen.pl" --check
for c in $("$JITSTAT" --help | sed -nE 's/^  ([a-z]+) +[^ ].*/\1/p' | grep -v jitstat); do
    has "jitstat(1) knows $c" "$DOCS/jitstat.1" "^\\.SS $c\$"
    for o in $("$JITSTAT" $c --help | grep -oE -- '--[a-z-]+' | sort -u); do
        has "jitstat(1) knows $c $o" "$DOCS/jitstat.1" "$(sed 's/-/\\\\-/g' <<<"$o")"
    done
done
for page in jitstat jitlua; do
    check "$page(1) is a good page" test -z "$(man --warnings -l -Tutf8 -Z "$DOCS/$page.1" 2>&1 >/dev/null)"
done
for o in $("$BIN/jitlua" --help | grep -oE '^  --?[a-zA-Z]+' | sort -u); do
    has "jitlua(1) knows $o" "$DOCS/jitlua.1" "$(sed 's/-/\\\\-/g' <<<"$o")"
done

# The program in docs/embedding.md, as it stands there, on both libraries.
sed -n '/^```c$/,/^```$/p' "$DOCS/embedding.md" | grep -v '^```' >"$TMP/embed.c"
check "the example compiles" gcc -Wall -Werror -I"$HERE/../../include" -I/usr/include/lua5.4 -o "$TMP/embed" "$TMP/embed.c" -llua5.4
equal "on the stock library" "$("$TMP/embed" 2>&1)" 2999998
equal "on ours, the same" "$(LD_LIBRARY_PATH=$BIN "$TMP/embed" 2>"$TMP/hooks")" 2999998
has "with hooks" "$TMP/hooks" '^1 hooks, 1 loops$'
for f in "$HERE"/../real/programs/*.sh; do has "embedding.md lists $(basename "$f" .sh)" "$DOCS/embedding.md" "^\| $(basename "$f" .sh) "; done
for f in "$HERE"/../real/modules/*.lua; do has "embedding.md lists the packages of $(basename "$f" .lua)" "$DOCS/embedding.md" "\($(sed -n '1s/^-- packages: \([a-z]*-[a-z]*\).*/\1/p' "$f")"; done
# The program of the tour: right in both forms, and the views still say of it what the tour says.
for form in slow fixed; do
    equal "slow.lua $form is right" "$("$BIN/jitlua" "$DOCS/slow.lua" $form 2)" "20000 requests, 19600 healthy, 211 users, 49990000 bytes"
    "$JITSTAT" run -j --no-counts -o "$TMP/$form.json" -- "$BIN/jitlua" "$DOCS/slow.lua" $form 30 >/dev/null 2>&1
    "$JITSTAT" why -j -i "$TMP/$form.json" >"$TMP/$form.why"
done
json "why: arithmetic on strings, with what to do" "$TMP/slow.why" 'grep { $_->{place} =~ /slow.lua:23$/ && $_->{advice} =~ /tonumber/ } @{$j->{findings}}'
json "why: an error that is caught" "$TMP/slow.why" 'grep { $_->{place} =~ /slow.lua:30$/ && $_->{finding} eq "end" && $_->{advice} =~ /test instead of raising/ } @{$j->{findings}}'
json "and nothing blacklisted once it is mended" "$TMP/fixed.why" '!@{$j->{alarms}}'
root || { skip "bpftrace and perf need root"; finish; }
export PROG=$EMITTER ARGS="loops=23 bridges=11 aborts=7" PERF_BUILDID_DIR=$TMP/perf
perf probe -q -d 'sdt_jitstat:*' 2>/dev/null
n=0
sed -n 's/^    \$ //p' "$DOCS/probes.md" >"$TMP/lines"
while IFS= read -r LINE; do
    n=$((n + 1))
    bash -c "$(sed "s|^perf |&--buildid-dir $TMP/perf |; s|/tmp/perf.data|$TMP/data|g" <<<"$LINE")" </dev/null >"$TMP/out.$n" 2>"$TMP/err.$n"
    equal "one-liner $n: ${LINE:0:60}" $? 0
done <"$TMP/lines"
out() { cat "$TMP"/out.* "$TMP"/err.*; }
out >"$TMP/all"
has "traces by place" "$TMP/all" '^@\[prog.lua:10, 108\]: 1'
has "aborts by place" "$TMP/all" '^@\[prog.lua, 7\]: 7'
has "aborts as they happen" "$TMP/all" '^prog.lua:7 kind l'
has "a histogram" "$TMP/all" '^\[[0-9]+[KMGT]?(, [0-9]+[KMGT]?\)|\]) '
has "perf stat" "$TMP/all" '^ +34 +sdt_jitstat:compile'
perf probe -q -d 'sdt_jitstat:*' 2>/dev/null
finish
