# packages: neomutt
# neomutt's configuration in Lua: options read and set, commands enqueued, errors of a chunk.
. "$REAL/lib.sh"
cat >muttrc.lua <<'END'
local s = 0
for i = 1, 5000 do s = s + i % 13 end
print("sum", s, mutt.VERSION ~= nil)
mutt.set("from", "tester@example.org")
mutt.set("sleep_time", 0)
local reads = 0
for i = 1, 500 do
    mutt.set("pager_context", i % 10)
    reads = reads + mutt.get("pager_context")
end
print("reads", reads, mutt.get "from", mutt.get "sleep_time")
print(pcall(mutt.get, "no_such_option"))
print(pcall(mutt.set, "sleep_time", "x"))
mutt.enter("set realname='By Lua'")
print(mutt.get "realname")
print(pcall(mutt.command.set, "x"))
local folders = {}
for i = 1, 300 do folders[#folders + 1] = ("=folder%d"):format(i) end
print(pcall(mutt.call, "set", "pager_context=7"))
print(#table.concat(folders, " "))
END
cat >rc <<'END'
lua-source ./muttrc.lua
lua local t = {} for i = 1, 1000 do t[i] = i * i end print("inline", t[1000])
lua error("on purpose")
END
export HOME=$PWD TERM=dumb
linked neomutt -n -F rc -Q from -Q realname -Q pager_context </dev/null 2>&1 | sed "s|$PWD|HERE|g"
echo "exit ${PIPESTATUS[0]}"
