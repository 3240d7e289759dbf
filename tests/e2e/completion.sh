# completion.sh: bash completes commands, options, process ids and sort keys.
. "$(dirname "$0")/lib.sh"
# offered PROGRAM WORDS...: what is offered for the last word, by the function that is registered for the program.
offered() {
    bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); f=$(complete -p "${1##*/}") && f=${f#*-F } && "${f%% *}"; printf "%s\n" "${COMPREPLY[@]}"' _ \
        "$HERE/../../cli/jitstat.bash-completion" "$@" | sort | tr '\n' ' '
}
complete_() { offered "$JITSTAT" "$@"; }
equal "a command" "$(complete_ abo)" "aborts "
equal "all commands" "$(complete_ "" | wc -w)" "$("$JITSTAT" --help | grep -cE '^  [a-z]+  +[a-z]')"
equal "options of a command" "$(complete_ loops --r)" "--rows "
equal "a sort key" "$(complete_ loops -S e)" "exits "
for k in $(complete_ loops -S ""); do
    "$JITSTAT" loops -S "$k" -r 1 >/dev/null 2>&1
    equal "sort key $k is one" $? 0
done
for e in $(complete_ trace -e ""); do
    echo '{"x":1}' >"$TMP/f"
    "$JITSTAT" trace -e "$e" -p 2147483647 >/dev/null 2>"$TMP/err"
    equal "event $e is one" $? 1
done
for c in $(complete_ -C ""); do
    "$JITSTAT" -C "$c" >/dev/null 2>&1
    equal "column $c is one" $? 0
done
equal "all columns" "$(complete_ -C "" | wc -w)" "$(grep -c '^STAT_COLUMN(' "$HERE/../../cli/columns.def")"
equal "the last of a list" "$(complete_ -C loops,brid)" "loops,bridges "
equal "help of a command" "$(complete_ help abo)" "aborts "
# Every option of every command, long and short, is offered.
for c in $("$JITSTAT" --help | sed -nE 's/^  ([a-z]+)  +[a-z].*/\1/p'); do
    equal "options of $c" "$(complete_ $c - | tr ' ' '\n' | sed '/^$/d' | tr '\n' ' ')" \
        "$("$JITSTAT" $c --help | sed -n '/^  -\|^      --/p' | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | tr -d ' ' | tr , '\n' | sort -u | tr '\n' ' ')"
done
# jitstatd has no commands.
equal "options of jitstatd" "$(offered "$BIN/jitstatd" -- | tr ' ' '\n' | sed '/^$/d' | sort | tr '\n' ' ')" \
    "$("$BIN/jitstatd" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--.*' | sort | tr '\n' ' ')"
check "there are some" test "$(offered "$BIN/jitstatd" "" | wc -w)" -ge 8
mkdir "$TMP/folder"
: >"$TMP/file"
equal "its folder" "$(offered "$BIN/jitstatd" --dir "$TMP/f")" "$TMP/folder "
equal "a number is not completed" "$(offered "$BIN/jitstatd" --keep "" | tr -d ' ')" ""
start loops=1 wait
line
check "a process" test -n "$(complete_ why -p "" | grep -w "$PID")"
go
wait "$PID"
equal "lines of jitstat itself" "$(complete_ --col)" "--columns "
finish
