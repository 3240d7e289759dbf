# many.sh [BINDIR] [N LOOPS]: N processes with LOOPS traces each, watched by jitstatd and without it: the totals are
# equal, nothing is lost. Prints what reading took and what the daemon used. `make check` takes 1 and 50 processes,
# `make check-long` 1000 with 1000 traces each.
. "$(dirname "$0")/lib.sh"
root || { skip "jitstatd needs root"; finish; }
. "$HERE/lib/jitstatd.sh"

# cpu PID, memory PID: what the daemon has used, in 10 ms, in kB; the blocks that it maps are their processes'
cpu() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
memory() { awk '/^RssAnon/ { print $2 }' "/proc/$1/status"; }

ms() { grep -o '"ms":[0-9.]*' "$1" | cut -d: -f2 | tr '\n' ' '; }

# What came since $TMP/base.
more='[map { $j->{$_} - load("'$TMP/base'")->{$_} } qw(nprocesses vms compiles loops seen)]'
many() { # N LOOPS MORE
    local n=$1 all=$(($1 * ($2 + $3)))
    "$BIN/e2e/source" -d sum >"$TMP/base"
    EMITTER=$TMP/many begin "many$n" "$1" "$2" "$3"
    "$BIN/e2e/source" -d sum >"$TMP/first"
    json "$n processes: all are there" "$TMP/first" "same($more, [$n, $n, $n * $2, $n * $2, $n * $2])"
    tell "many$n"
    "$BIN/e2e/source" -d sum sum >"$TMP/second"
    json "$n processes: what the blocks say, and what BPF has seen" "$TMP/second" "same($more, [$n, $n, $all, $all, $all])"
    json "$n processes: nothing lost" "$TMP/second" "$no_loss"
    "$BIN/e2e/source" -D -B sum sum >"$TMP/blocks"
    json "$n processes: and without a daemon" "$TMP/blocks" "\$j->{compiles} >= $all"
    echo "# $n x $(($2 + $3)): read through the daemon in $(ms "$TMP/second")ms, without in $(ms "$TMP/blocks")ms"
    echo "# jitstatd: $(cpu "$DAEMON") x 10 ms of CPU, $(memory "$DAEMON") kB of its own"
    tell "many$n"
    await_end "many$n"
    equal "$n processes: they ended well" $? 0
    ask_all
    json "$n processes: their last numbers are kept" "$TMP/got" "$n == grep { \$_->{exited} && \$_->{vms}[0]{compiles} == $2 + $3 } @{\$j->{processes}}"
    json "$n processes: still nothing lost" "$TMP/got" "$no_loss"
}

EMITTER=$TMP/many begin first 1 1 1
daemon_start --keep-processes 2000
if [ $# = 3 ]; then
    many "$2" $(($3 - 100)) 100
else
    many 1 700 300
    many 50 90 10
fi
kill "$DAEMON"
tell first
tell first
await_end first
finish
