#!/usr/bin/env bash
# Runs every file of tests/regress (bugs that were fixed) with BIN; see lang.sh.
RUN_LANG_DIR=regress exec "${BASH_SOURCE[0]%/*}/lang.sh" "$@"
