#!/usr/bin/env bash
# Shows that the runners can fail: programs that print nothing, too little, too much, the wrong status or never end, files
# without expectations, and that settings reach the program. Needs lua5.4; takes a few seconds.
set -u
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
lua=$(type -P lua5.4) || { echo "selftest.sh: lua5.4 is not installed" >&2; exit 2; }
unset ONLY QUICK JOBS TIMEOUT JITSTAT
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir "$room/run" "$room/lang" "$room/programs" "$room/bench"
cp "$here"/*.sh "$here"/*.pl "$room/run"
failures=0

# a program that stands for BIN
fake() { # NAME COMMAND
  printf '#!/bin/sh\n%s\n' "$2" > "$room/$1"
  chmod +x "$room/$1"
}

# the runner's exit status and last line, and a text that must stand somewhere
expect() { # WHAT STATUS LAST TEXT COMMAND...
  local what=$1 status=$2 last=$3 text=$4 out got
  shift 4
  out=$("$@" 2>&1)
  got=$?
  if [ "$got" -ne "$status" ] || [ "${out##*$'\n'}" != "$last" ] || [[ $out != *"$text"* ]]; then
    printf 'FAIL %s: status %s\n%s\n' "$what" "$got" "$out"
    failures=$((failures + 1))
  fi
}

cat > "$room/lang/good.lua" <<'LUA'
print("one") --> one
print("two  spaces") --> two  spaces
print("") -->
LUA
cat > "$room/lang/raises.lua" <<'LUA'
--! raises.lua:3: no
print("first") --> first
error("no")
LUA
cat > "$room/lang/leaves.lua" <<'LUA'
--= 4
print("x") --> x
os.exit(4)
LUA
lang=("$room/run/lang.sh")
expect "all right" 0 "3 passed, 0 failed, 0 skipped" "" "${lang[@]}" "$lua"
expect "the name without a path" 0 "3 passed, 0 failed, 0 skipped" "" "${lang[@]}" lua5.4

fake silent 'exit 0'
expect "no output" 1 "0 passed, 3 failed, 0 skipped" "FAIL good.lua: wrong output" "${lang[@]}" "$room/silent"
fake shorter "'$lua' \"\$@\" | sed '\$d'; exit 0"
expect "a line is missing" 1 "0 passed, 3 failed, 0 skipped" "    -x" "${lang[@]}" "$room/shorter"
fake longer "'$lua' \"\$@\"; s=\$?; echo more; exit \$s"
expect "a line too many" 1 "0 passed, 3 failed, 0 skipped" "+more" "${lang[@]}" "$room/longer"
fake fails "'$lua' \"\$@\"; exit 7"
expect "another exit status" 1 "0 passed, 3 failed, 0 skipped" "exit status 7, expected 4" "${lang[@]}" "$room/fails"
fake crashes 'kill -SEGV $$'
expect "a signal" 1 "0 passed, 3 failed, 0 skipped" "SEGV" "${lang[@]}" "$room/crashes"
fake noisy "echo noise >&2; '$lua' \"\$@\""
expect "noise on standard error" 1 "1 passed, 2 failed, 0 skipped" "FAIL good.lua: it wrote to standard error" "${lang[@]}" "$room/noisy"
fake hangs 'exec tail -f /dev/null'
expect "no end" 1 "0 passed, 1 failed, 0 skipped" "no end after 1 s" env TIMEOUT=1 ONLY=good "${lang[@]}" "$room/hangs"
expect "nothing chosen" 1 "lang.sh: nothing to run" "" env ONLY=nomatch "${lang[@]}" "$lua"
expect "no such program" 2 "lang.sh: no such program" "" "${lang[@]}" "$room/missing"
expect "a setting that is none" 2 \
  "usage: lang.sh BIN [NAME=VALUE ...]     (environment: JOBS TIMEOUT ONLY QUICK)" "" "${lang[@]}" "$lua" --option

echo 'print("anything")' > "$room/lang/mute.lua"
expect "a file without expectations" 1 "3 passed, 1 failed, 0 skipped" "FAIL mute.lua: it expects nothing" "${lang[@]}" "$lua"
printf -- '--%% slow\nprint("x") --> x\n' > "$room/lang/mute.lua"
expect "slow ones are skipped on request" 0 "3 passed, 0 failed, 1 skipped" "SKIP mute.lua: slow" env QUICK=1 "${lang[@]}" "$lua"
echo 'print(os.getenv("JITSTAT"), os.getenv("EXTRA")) --> off,threshold=1	yes' > "$room/lang/mute.lua"
expect "settings reach the program" 0 "4 passed, 0 failed, 0 skipped" "" env JITSTAT=off,threshold=1 "${lang[@]}" "$lua" EXTRA=yes
expect "settings are not invented" 1 "3 passed, 1 failed, 0 skipped" "+nil" "${lang[@]}" "$lua"

programs=("$room/run/programs.sh")
echo 'print("program", arg[1])' > "$room/programs/json.lua"
printf 'program\tnil\n' > "$room/programs/json.expected"
echo 'print("bench", arg[1])' > "$room/bench/fib.lua"
expect "programs right" 0 "2 passed, 0 failed, 0 skipped" "" "${programs[@]}" "$lua"
expect "programs silent" 1 "0 passed, 2 failed, 0 skipped" "wrong output" "${programs[@]}" "$room/silent"
expect "programs fail" 1 "0 passed, 2 failed, 0 skipped" "exit status 7" "${programs[@]}" "$room/fails"
expect "programs small" 0 "2 passed, 0 failed, 0 skipped" "" env QUICK=1 "${programs[@]}" "$lua"
rm "$room/programs/json.expected"
expect "no expectation" 1 "1 passed, 1 failed, 0 skipped" "no json.expected" "${programs[@]}" "$lua"
echo 'print(1)' > "$room/bench/unknown.lua"
expect "no size" 1 "0 passed, 1 failed, 0 skipped" "no small size" env ONLY=unknown "${programs[@]}" "$lua"

rm "$room/bench/unknown.lua"
if ! out=$(ROUNDS=1 ONLY=fib "$room/run/bench.sh" "$lua") || [[ $out != *"bench/fib "* ]]; then
  printf 'FAIL bench right:\n%s\n' "$out"
  failures=$((failures + 1))
fi
if out=$(ROUNDS=1 ONLY=fib "$room/run/bench.sh" "$room/longer") || [[ $out != *"! this prints something else"* ]]; then
  printf 'FAIL bench wrong:\n%s\n' "$out"
  failures=$((failures + 1))
fi

[ "$failures" -eq 0 ] && echo "the runners fail where they must"
[ "$failures" -eq 0 ]
