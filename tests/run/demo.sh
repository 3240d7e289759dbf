#!/bin/bash
# demo.sh BINDIR PROGRAM: what `make demo` shows. As root the program runs watched through BPF; without, the snapshot
# that an ordinary user can have comes from the stats block alone.
B=${1:?usage: $0 BINDIR PROGRAM} program=${2:?usage: $0 BINDIR PROGRAM}
[ "$(id -u)" = 0 ] || echo "not root: probes and BPF maps are left out, the snapshot comes from the stats block" >&2
echo "+ jitstat run -- jitlua $program" >&2
exec "$B/jitstat" run -- "$B/jitlua" "$program"
