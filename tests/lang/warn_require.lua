-- warn, require, package.loaded, preload, searchers and path, dofile and loadfile with files of its own.
--= 0
--! Lua warning: a warning in two pieces
warn("@on")
warn("a warning ", "in two pieces")
warn("@off")
warn("not shown")
print(pcall(warn)) --> false	bad argument #1 to 'warn' (string expected, got no value)
print(pcall(warn, 5)) --> true
print(pcall(warn, {})) --> false	bad argument #1 to 'warn' (string expected, got table)
local count = 0
package.preload["my.module"] = function(name, extra) count = count + 1; return { name = name, extra = extra, add = function(a, b) return a + b end } end
local m = require "my.module"
print(m.name, m.extra, count, require("my.module") == m, count, select(2, require "my.module")) --> my.module	:preload:	1	true	1
local s = 0
for i = 1, 500 do s = s + require("my.module").add(i, 1) end
print(s, count) --> 125750	1
package.loaded["my.module"] = nil
print(require("my.module") == m, count) --> false	2
package.preload.none = function() end
print(require "none", package.loaded.none) --> true	true
package.preload.bad = function() error("cannot start", 0) end
print(pcall(require, "bad")) --> false	cannot start
local ok, e = pcall(require, "surely.not.there")
print(ok, e:match("^module 'surely.not.there' not found:"), e:find("no field package.preload['surely.not.there']", 1, true) ~= nil) --> false	module 'surely.not.there' not found:	true
print(package.loaded._G == _G, package.loaded.string == string, require "math" == math, type(package.cpath), package.config:sub(1, 1)) --> true	true	true	string	/
-- files
local name = os.tmpname()
local function write(text) local f = assert(io.open(name, "w")); f:write(text); f:close() end
write("#!/usr/bin/lua\nlocal a, b = ...\nreturn (a or 0) + (b or 0), 'x'")
print(dofile(name), loadfile(name)(3, 4)) --> 0	7	x
write("return y")
print(loadfile(name, "t", { y = "env" })(), loadfile(name)()) --> env	nil
write("x = = 1")
print((select(2, loadfile(name)):gsub("^.-:", "FILE:"))) --> FILE:1: unexpected symbol near '='
write("error('from the file')")
print((select(2, pcall(dofile, name)):gsub("^.-:", "FILE:"))) --> FILE:1: from the file
write(string.dump(load("return 'binary', ...")))
print(dofile(name), (loadfile(name, "t"))) --> binary	nil
write("\xEF\xBB\xBFreturn 'after a mark'")
print(dofile(name)) --> after a mark
local dir, base = name:match("^(.*)/([^/]*)$")
write("local n, path = ... return { n = n, ok = path:sub(-#n) == n }")
package.path = dir .. "/?"
local mod = require(base)
print(mod.n == base, mod.ok, package.searchpath(base, package.path) == name) --> true	true	true
print((select(2, package.searchpath("a.b", "/nonexistent/?.lua;/none/?/init.lua")):gsub("\n%s*", " | "))) --> no file '/nonexistent/a/b.lua' | no file '/none/a/b/init.lua'
-- dofile in a hot loop
write("counter = (counter or 0) + 1 return counter")
local d = 0
for i = 1, 200 do d = d + dofile(name) end
print(d, counter) --> 20100	200
os.remove(name)
print((select(2, loadfile(name)):gsub("'?/.*/[^:' ]*'?", "FILE"))) --> cannot open FILE: No such file or directory
print(pcall(dofile, "/nonexistent.lua")) --> false	cannot open /nonexistent.lua: No such file or directory
package.searchers[#package.searchers + 1] = function(n) if n == "virtual" then return function(...) return select("#", ...) end, "data" end return " no virtual" end
print(require "virtual") --> 2	data
print(#package.searchers, pcall(require)) --> 5	false	bad argument #1 to 'require' (string expected, got no value)
