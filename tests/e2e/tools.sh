# tools.sh: bpftrace and perf see every probe, and count what jitstat counts.
. "$(dirname "$0")/lib.sh"
root || { skip "bpftrace and perf need root"; finish; }
want=$(sed -n 's/^JITSTAT_EVENT(\([a-z_]*\),.*/\1/p' "$HERE/../../include/jitstat/events.def" | sort)
for f in "$EMITTER" "$BIN/e2e/libemitter.so.0"; do
    equal "bpftrace lists every probe of $(basename "$f")" "$(bpftrace -l "usdt:$f:*" 2>/dev/null | sed 's/.*:jitstat://' | sort)" "$want"
    check "readelf shows them with semaphores" test -z "$(readelf -n "$f" | grep 'Semaphore: 0x0000000000000000')"
done

# The emitter does its work only when the probe is attached.
bpftrace -e 'usdt:'"$EMITTER"':jitstat:compile { @c[arg1] = count(); } usdt:'"$EMITTER"':jitstat:abort { @a[str(arg4)] = count(); @line = max(arg5); }
    usdt:'"$EMITTER"':jitstat:tracing__end { @t = count(); }' \
    -c "$EMITTER until=compile until=abort until=tracing__end loops=23 bridges=11 aborts=7" >"$TMP/bt" 2>/dev/null
has "bpftrace counts loops" "$TMP/bt" '^@c\[108\]: 23$'
has "bpftrace counts bridges" "$TMP/bt" '^@c\[98\]: 11$'
has "bpftrace counts aborts, with their file" "$TMP/bt" '^@a\[prog.lua\]: 7$'
has "and lines" "$TMP/bt" '^@line: 7$'
"$JITSTAT" run -j -o "$TMP/js" -- "$EMITTER" loops=23 bridges=11 aborts=7 2>"$TMP/err"
json "jitstat counts the same" "$TMP/js" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 23 && $v->{counters}{TOTAL_COMPILED_BRIDGES} == 11 && 7 == eval join "+", map { $v->{counters}{$_} } grep { /^ABORT/ } keys %{$v->{counters}}'

# Both at once: two observers of one process do not disturb each other.
start until=compile wait loops=23 wait
bpftrace -e 'usdt:'"$EMITTER"':jitstat:compile { @c = count(); }' -p "$PID" >"$TMP/bt" 2>/dev/null &
tracer=$!
PIDS="$PIDS $tracer"
line
watch "$TMP/both" --for 0 --maps
go
line
kill -INT $watcher $tracer
wait $watcher $tracer
go
wait "$PID"
has "bpftrace beside jitstat" "$TMP/bt" '^@c: 23$'
json "jitstat beside bpftrace" "$TMP/both" '$v->{maps}{seen}{events}{compile} == 23 && $v->{loss}{missed} == 0'

# perf works on the names in its build-id cache, raises semaphores, and records arguments.
export PERF_BUILDID_DIR=$TMP/perf
perf() { command perf --buildid-dir "$TMP/perf" "$@"; }
perf probe -q -d 'sdt_jitstat:*' 2>/dev/null
perf buildid-cache --add "$EMITTER" 2>"$TMP/err"
perf probe -q -x "$EMITTER" sdt_jitstat:compile 2>>"$TMP/err" && perf probe -q -x "$EMITTER" sdt_jitstat:abort 2>>"$TMP/err"
equal "perf probe knows them" $? 0
perf record -q -o "$TMP/data" -e sdt_jitstat:compile,sdt_jitstat:abort -- "$EMITTER" until=compile until=abort loops=23 bridges=11 aborts=7 \
    >/dev/null 2>>"$TMP/err"
equal "perf record" $? 0
perf script -i "$TMP/data" 2>/dev/null >"$TMP/script"
equal "perf counts compiles" "$(grep -c 'sdt_jitstat:compile' "$TMP/script")" 34
equal "perf counts aborts" "$(grep -c 'sdt_jitstat:abort' "$TMP/script")" 7
perf stat -x, -o "$TMP/stat" -e sdt_jitstat:compile -- "$EMITTER" until=compile loops=23 >/dev/null 2>&1
has "perf stat" "$TMP/stat" '^23,'
perf probe -q -d 'sdt_jitstat:*' 2>/dev/null
finish
