# What the runners share: arguments, a worker per file on JOBS processors, the verdict and the last line.
# Sourced by lang.sh and programs.sh; needs bash, diff, sed, timeout, xargs and nothing else.
#
# A runner is called as   RUNNER BIN [NAME=VALUE ...]   and starts itself as a worker:   RUNNER --one FILE
# with the settings in RUN_* variables. A worker prints one verdict line into RUN_OUT/<name>.verdict:
# "passed", "skipped REASON" or "failed REASON", and what a reader needs to see into RUN_OUT/<name>.why.
# A file without a verdict (a worker that died) counts as failed.
#
# From the environment: JOBS (2), TIMEOUT seconds per file (60), ONLY regex of names, QUICK=1 (see each runner).
# Everything else, JITSTAT=... first of all, reaches the program untouched; NAME=VALUE arguments are added to it.

export LC_ALL=C

usage() {
  echo "usage: ${0##*/} BIN [NAME=VALUE ...]     (environment: JOBS TIMEOUT ONLY QUICK)" >&2
  exit 2
}

# run_setup BIN [NAME=VALUE ...]
run_setup() {
  [ $# -ge 1 ] || usage
  RUN_BIN=$1
  shift
  case $RUN_BIN in
    */*) RUN_BIN=$(realpath -- "$RUN_BIN") ;;
    *) RUN_BIN=$(type -P "$RUN_BIN") ;;
  esac
  if [ -z "$RUN_BIN" ] || [ ! -x "$RUN_BIN" ]; then
    echo "${0##*/}: no such program" >&2
    exit 2
  fi
  for setting in "$@"; do
    case $setting in
      [A-Za-z_]*=*) export "${setting?}" ;;
      *) usage ;;
    esac
  done
  unset LUA_INIT LUA_INIT_5_4 LUA_PATH LUA_PATH_5_4 LUA_CPATH LUA_CPATH_5_4
  RUN_OUT=$(mktemp -d)
  trap 'rm -rf "$RUN_OUT"' EXIT
  RUN_TIMEOUT=${TIMEOUT:-60}
  export RUN_BIN RUN_OUT RUN_TIMEOUT
}

# run_all NAME ...: one worker per name, then the report; the exit status of the runner
run_all() {
  local names=() name passed=0 failed=0 skipped=0 verdict what
  for name in "$@"; do
    [[ -z ${ONLY:-} || $name =~ $ONLY ]] && names+=("$name")
  done
  if [ ${#names[@]} -eq 0 ]; then
    echo "0 passed, 0 failed, 0 skipped"
    echo "${0##*/}: nothing to run" >&2
    return 1
  fi
  printf '%s\0' "${names[@]}" | xargs -0 -P "${JOBS:-2}" -n 1 "$RUN_SELF" --one
  for name in "${names[@]}"; do
    what=$RUN_OUT/${name//\//_}
    verdict="failed the worker died"
    [ -s "$what.verdict" ] && verdict=$(<"$what.verdict")
    case $verdict in
      passed) passed=$((passed + 1)) ;;
      skipped*) skipped=$((skipped + 1)); echo "SKIP $name: ${verdict#skipped }" ;;
      *)
        failed=$((failed + 1))
        echo "FAIL $name: ${verdict#failed }"
        [ -s "$what.why" ] && sed 's/^/    /' "$what.why"
        ;;
    esac
  done
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# verdict NAME TEXT...
verdict() {
  local what=$RUN_OUT/${1//\//_}
  shift
  printf '%s\n' "$*" > "$what.verdict"
  exit 0
}

# run_program OUT ERR ARGUMENT...: the exit status; 124 or 137 is a timeout
run_program() {
  local out=$1 err=$2
  shift 2
  timeout -k 5 "$RUN_TIMEOUT" "$RUN_BIN" "$@" > "$out" 2> "$err" < /dev/null
}

# the first lines of a difference, for a reader
excerpt() {
  diff -u --label expected --label got -- "$1" "$2" | head -n "${3:-16}" | cut -c 1-200
}
