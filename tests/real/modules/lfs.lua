-- packages: lua-filesystem
-- lfs: directories, attributes, locks, links; a directory iterator is a closure of C with a userdata to close.
local lfs = require "lfs"
local top = os.tmpname()
os.remove(top)
assert(lfs.mkdir(top))
print(lfs.mkdir(top) == nil, lfs.attributes(top, "mode"))
local bytes = 0
for i = 1, 150 do
    local dir = top .. "/d" .. i % 10
    if i <= 10 then assert(lfs.mkdir(dir)) end
    local f = assert(io.open(dir .. "/f" .. i, "w"))
    f:write(("z"):rep(i))
    f:close()
    assert(lfs.touch(dir .. "/f" .. i, 1000000000 + i, 1000000000 + i))
end
local function walk(dir, visit)
    local names = {}
    for name in lfs.dir(dir) do
        if name ~= "." and name ~= ".." then names[#names + 1] = name end
    end
    table.sort(names)
    for _, name in ipairs(names) do
        local path = dir .. "/" .. name
        local a = lfs.attributes(path)
        if a.mode == "directory" then walk(path, visit) end
        visit(path, a)
    end
end
for round = 1, 10 do
    local files, dirs, times = 0, 0, 0
    walk(top, function(path, a)
        if a.mode == "file" then
            files, bytes, times = files + 1, bytes + a.size, times + a.modification - 1000000000
        else
            dirs = dirs + 1
        end
    end)
    if round == 10 then print("walked", files, dirs, bytes, times) end
end
local list = {}
walk(top .. "/d3", function(path, a) list[#list + 1] = path:sub(#top + 2) .. ":" .. a.size .. ":" .. a.permissions:sub(1, 3) end)
print(table.concat(list, " "))

-- one attribute at a time, into a table of ours, of links
local reuse = {}
print(lfs.attributes(top .. "/d1/f1", reuse) == reuse, reuse.size, lfs.attributes(top .. "/d1/f1", "size"))
assert(lfs.link("f1", top .. "/d1/link", true))
print(lfs.symlinkattributes(top .. "/d1/link", "mode"), lfs.symlinkattributes(top .. "/d1/link", "target"), lfs.attributes(top .. "/d1/link", "mode"))
print(pcall(lfs.attributes, top, "nonsense"))
print((select(2, lfs.attributes(top .. "/none")):gsub(top, "TOP")), pcall(lfs.dir, "/nonexistent/dir"))

-- iterators closed early, by close() and by a for loop's end
for i = 1, 100 do
    local iter, dir = lfs.dir(top)
    iter(dir)
    dir:close()
    if i == 100 then print(pcall(iter, dir)) end
    for name in lfs.dir(top) do if name == "." then break end end
end

-- where we are, locks
local home = lfs.currentdir()
assert(lfs.chdir(top))
print(lfs.currentdir():sub(-#top) == top, lfs.chdir(home))
local f = io.open(top .. "/lock", "w")
print(lfs.lock(f, "w"), lfs.unlock(f), lfs.setmode(f, "text"))
f:close()
print(pcall(lfs.lock, f, "w"))
local held = lfs.lock_dir(top)
print(held ~= nil, lfs.lock_dir(top))
held:free()

os.remove(top .. "/lock")
os.remove(top .. "/d1/link")
walk(top, function(path, a) assert(a.mode == "directory" and lfs.rmdir(path) or os.remove(path)) end)
print(lfs.rmdir(top), lfs.attributes(top) == nil)
