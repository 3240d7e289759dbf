#!/bin/bash
# prompt.sh BINDIR: the prompt of jitlua says what lua5.4's says, with readline (echoed lines) and where the library
# cannot be loaded; and a script does not load it.
set -u
bin=$(realpath -- "${1:?usage: prompt.sh BINDIR}/jitlua") || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset LUA_INIT LUA_INIT_5_4 JITSTAT
export HOME=$work TERM=dumb
passed=0 failed=0
check() { # NAME WANTED-FILE GOT-FILE
  if cmp -s "$2" "$3"; then passed=$((passed + 1)); else
    failed=$((failed + 1)); echo "FAIL $1"; diff "$2" "$3" | head -n 5
  fi
}
cat > "$work/in" <<'LUA'
x = 1
= x + 1
for i = 1, 2 do
  print(i)
end
y y
error "no"
LUA
lua5.4 -i < "$work/in" 2>&1 | sed 's/lua5.4/lua/' > "$work/want"
"$bin" -i < "$work/in" 2>&1 | sed 's/jitlua/lua/' > "$work/got"
check "with readline" "$work/want" "$work/got"

# a file of that name that is no library
for version in 7 8 9; do : > "$work/libreadline.so.$version"; done
printf '> > 2\n> >> >> 1\n2\n> ' > "$work/want"
head -n 5 "$work/in" | LD_LIBRARY_PATH=$work "$bin" -i 2>&1 | tail -n +2 | head -c "$(wc -c < "$work/want")" > "$work/got"
check "without the library" "$work/want" "$work/got"

cat > "$work/maps.lua" <<'LUA'
for line in io.lines "/proc/self/maps" do if line:find "libreadline" then print "loaded" end end
LUA
: > "$work/want"
"$bin" "$work/maps.lua" > "$work/got" 2>&1
check "scripts do not load readline" "$work/want" "$work/got"
echo "loaded" > "$work/want"
"$bin" -i < "$work/maps.lua" 2>&1 | grep -o '^loaded' | head -n 1 > "$work/got"
check "the prompt loads it" "$work/want" "$work/got"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
