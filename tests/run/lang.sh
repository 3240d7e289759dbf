#!/usr/bin/env bash
# Runs every file of tests/lang with BIN and compares what it prints with what its own lines say. In a test file
#   --> text      is one line of standard output, in the order of the file;
#   --! text      is one line of standard error, from its first line on, without the program's own name in front
#                 (lua's "lua: " prefix), and means exit status 1;
#   --= number    is the exit status, where it is another one;
#   --% slow      is skipped under QUICK=1 (sanitizers, torture).
# A file that expects nothing at all is a failure, and so is one that prints nothing where something is expected.
set -u
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
RUN_SELF=$here/${BASH_SOURCE[0]##*/}
. "$here/common.sh"
export RUN_LANG_DIR=${RUN_LANG_DIR:-lang} # hooks.sh and regress.sh: another folder of tests

# the texts after a mark, one per line
expectations() { # MARK FILE
  sed -n "/$1/{s/$1/\x01/;s/^.*\x01 \{0,1\}//;p}" "$2"
}

one() {
  local name=$1 what status wanted lines
  what=$RUN_OUT/$name
  expectations '-->' "$name" > "$what.want"
  expectations '--!' "$name" > "$what.want_err"
  wanted=$(sed -n 's/^--= *//p' "$name" | head -n 1)
  lines=$(wc -l < "$what.want_err")
  if [ -z "$wanted" ]; then
    wanted=0
    [ "$lines" -gt 0 ] && wanted=1
  fi
  [ -s "$what.want" ] || [ "$lines" -gt 0 ] || [ "$wanted" -ne 0 ] || verdict "$name" "failed it expects nothing"
  [ -n "${QUICK:-}" ] && grep -q '^--% slow' "$name" && verdict "$name" "skipped slow"

  run_program "$what.got" "$what.err" "$name"
  status=$?
  if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
    verdict "$name" "failed no end after $RUN_TIMEOUT s"
  fi
  if [ "$status" -ne "$wanted" ]; then
    { [ "$status" -gt 128 ] && kill -l "$((status - 128))"; head -n 6 "$what.err"; excerpt "$what.want" "$what.got"; } > "$what.why"
    verdict "$name" "failed exit status $status, expected $wanted"
  fi
  if ! cmp -s "$what.want" "$what.got"; then
    excerpt "$what.want" "$what.got" > "$what.why"
    verdict "$name" "failed wrong output"
  fi
  if [ "$lines" -gt 0 ]; then
    # an interpreter puts its name, as it was called, in front of the first line
    local first wanted_first name_of
    IFS= read -r first < "$what.err" || first=
    IFS= read -r wanted_first < "$what.want_err"
    name_of=${first%"$wanted_first"}
    [[ $name_of =~ ^[^:]+:\ $ ]] && first=$wanted_first
    { printf '%s\n' "$first"; head -n "$lines" "$what.err" | tail -n +2; } > "$what.bare_err"
    if ! cmp -s "$what.want_err" "$what.bare_err"; then
      excerpt "$what.want_err" "$what.bare_err" > "$what.why"
      verdict "$name" "failed wrong error message"
    fi
  elif [ "$wanted" -eq 0 ] && [ -s "$what.err" ]; then
    head -n 6 "$what.err" > "$what.why"
    verdict "$name" "failed it wrote to standard error"
  fi
  verdict "$name" passed
}

if [ "${1:-}" = --one ]; then
  cd -- "$here/../$RUN_LANG_DIR" || exit 2
  one "$2"
fi
run_setup "$@"
cd -- "$here/../$RUN_LANG_DIR" || exit 2
run_all *.lua
