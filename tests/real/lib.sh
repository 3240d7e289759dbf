# lib.sh: what the scripts of real programs share. tests/run/real.sh runs each of them three times, in
# an empty folder of its own: SIDE is stock, or ours. Standard output is compared.
# linked PROGRAM ARGS...: a program that links liblua5.4.so.0
# lua ARGS...: the stand-alone interpreter
# Each start under ours leaves a snapshot in $SNAPS, which shows what ran.
RUNS=0
ours() { # OPTION COMMAND...
    RUNS=$((RUNS + 1))
    "$BIN/jitstat" run $1 -j -o "$SNAPS/$BASHPID.$RUNS" -- "${@:2}"
}
if [ "$SIDE" = stock ]; then
    linked() { "$@"; }
    lua() { lua5.4 "$@"; }
else
    linked() { ours --core "$@"; }
    lua() { ours '' "$BIN/jitlua" "$@"; }
fi
free_port() { perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport'; }
