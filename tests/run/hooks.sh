#!/usr/bin/env bash
# Runs every file of tests/hooks (the jitstat module) with BIN; see lang.sh.
RUN_LANG_DIR=hooks exec "${BASH_SOURCE[0]%/*}/lang.sh" "$@"
