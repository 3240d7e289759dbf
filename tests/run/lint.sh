#!/bin/bash
# lint.sh: the layers of DESIGN (who may include whom), formatting, words that have no place in the tree.
cd "$(dirname "$0")/../.." || exit 1
bad=0
say() { echo "lint: $*"; bad=1; }
may() { # folder, pattern of what its files may include from jit/
    local hits
    hits=$(grep -nE '#include "(base|ir|opt|x64|code|obs|trace|lua)/' jit/"$1"/*.[ch] | grep -vE "#include \"($2)/")
    [ -z "$hits" ] || say "jit/$1 includes a layer above it:"$'\n'"$hits"
}
may base base
may ir 'base|ir'
may obs 'base|obs'
may code 'base|code'
may opt 'base|ir|opt'
may x64 'base|ir|code|x64'
may trace 'base|ir|opt|code|obs|x64|trace'
hits=$(grep -lE 'lua|Lua' jit/{base,ir,opt,x64,code}/*.[ch] 2>/dev/null)
[ -z "$hits" ] || say "the engine names a guest: $hits"
hits=$(grep -nE '#include "(base|ir|opt|x64|code|obs|trace|lua)/' agent/*.[ch] cli/*.[ch] bpf/*.[ch])
[ -z "$hits" ] || say "agent, cli and bpf include only include/jitstat:"$'\n'"$hits"
hits=$(grep -lE 'sys/sdt.h' -r jit agent cli tests --include=*.[ch] | grep -v '^jit/obs/')
[ -z "$hits" ] || say "sys/sdt.h outside jit/obs: $hits"
hits=$(grep -nE '\b(TODO|FIXME|XXX)\b' -r jit agent cli bpf include tests --include=*.[ch] --include=*.sh --include=*.def | grep -v 'tests/run/lint.sh')
[ -z "$hits" ] || say "left over:"$'\n'"$hits"
for f in $(git ls-files '*.c' '*.h' '*.def' '*.sh' '*.lua' '*.mk'); do
    case $f in tests/*) continue ;; esac
    grep -qnE '[[:space:]]+$' "$f" && say "$f: blanks at the end of a line: $(grep -nE '[[:space:]]+$' "$f" | head -n 1 | cut -c1-60)"
    awk -v f="$f" 'length($0) > 340 { print "lint: " f ":" NR ": longer than 340"; exit 1 }' "$f" || bad=1
    [ -z "$(tail -c 1 "$f")" ] || say "$f: no newline at the end"
done
if command -v clang-format >/dev/null; then
    out=$(git ls-files '*.c' '*.h' | xargs clang-format --dry-run 2>&1 | grep -E 'warning' | head -n 5)
    [ -z "$out" ] || say "not formatted (clang-format -i FILE):"$'\n'"$out"
else
    echo "lint: clang-format is not installed, formatting not checked"
fi
[ $bad = 0 ] && echo "lint: clean"
exit $bad
