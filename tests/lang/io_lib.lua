-- Files: write, read with every format, lines, seek, buffering, append, errors, closing, large loops.
local name = os.tmpname()
local f = assert(io.open(name, "w"))
print(io.type(f), io.type(io.stdout), io.type(5), tostring(f):match("^file %(")) --> file	file	nil	file (
for i = 1, 500 do f:write(i, " ", i / 2, "\n") end
print(f:write("end") == f, f:seek("cur"), f:seek("set", 0), f:seek("end")) --> true	4177	0	4177
print(f:close(), io.type(f), tostring(f), pcall(f.write, f, "x")) --> true	closed file	file (closed)	false	attempt to use a closed file
local lines, sum = 0, 0
for l in io.lines(name) do
  lines = lines + 1
  sum = sum + #l
end
print(lines, sum) --> 501	3677
-- several formats at once
local ints, floats = 0, 0.0
for a, b in io.lines(name, "n", "n") do
  if not b then break end
  ints = ints + a
  floats = floats + b
end
print(ints, floats) --> 125250	62625.0
local r = assert(io.open(name))
print(r:read("n", "n", "l", "L", 3, 0)) --> 1	0.5		2 1
--> 	3 1	
print(r:read("l"), r:seek("set", 2), r:read(3)) --> .5	2	0.5
print(#r:read("a"), r:read("a"), r:read("l"), r:read("n"), r:read(0), r:read(5)) --> 4172		nil	nil	nil	nil
print(r:close()) --> true
-- characters and blocks
local bytes, blocks = 0, 0
for c in io.lines(name, 1) do bytes = bytes + c:byte() end
for b in io.lines(name, 64) do blocks = blocks + 1 end
print(bytes, blocks) --> 184575	66
-- append and update
local a = assert(io.open(name, "a"))
a:write("\nappended")
a:close()
local u = assert(io.open(name, "r+"))
u:write("XY")
u:seek("set", 0)
print(u:read("l"), u:seek("end") > 0) --> XY0.5	true
u:close()
local last
for l in io.lines(name, "L") do last = l end
print(last) --> appended
-- buffering modes
local b = assert(io.open(name, "w"))
print(b:setvbuf("full", 1024), b:setvbuf("line"), b:setvbuf("no"), b:flush() == b) --> true	true	true	false
b:write("0x1F -7 3.5e2 nan\n")
b:close()
local n = assert(io.open(name))
print(n:read("n", "n", "n", "n")) --> 31	-7	350.0	nil
n:close()
-- default input and output
io.output(name)
for i = 1, 300 do io.write(i, ",") end
io.close()
io.output(io.stdout)
io.input(name)
local all = io.read("a")
io.close(io.input())
io.input(io.stdin)
print(#all, all:sub(1, 10)) --> 1092	1,2,3,4,5,
print(io.read("l"), io.read("a"), io.read("n")) --> nil		nil
-- errors
print(io.open("/nonexistent/file")) --> nil	/nonexistent/file: No such file or directory	2
print(pcall(io.lines, "/nonexistent/file")) --> false	cannot open file '/nonexistent/file' (No such file or directory)
print(pcall(io.open, name, "bad")) --> false	bad argument #2 to 'io.open' (invalid mode)
print((pcall(io.lines, name, "x")), pcall(function() for _ in io.lines(name, "x") do end end)) --> true	false	io_lib.lua:68: bad argument #2 to 'for iterator' (invalid format)
print(pcall(f.read, f)) --> false	attempt to use a closed file
-- a file in a to-be-closed variable
local held
do
  local h <close> = assert(io.open(name))
  held = h
end
print(io.type(held)) --> closed file
-- lines closes its file at the end, and when the loop is left
local count = 0
for i = 1, 300 do
  for l in io.lines(name) do
    count = count + 1
    break
  end
end
print(count) --> 300
io.write("one ", 2, " ", 3.5, "\n") --> one 2 3.5
print(io.write() == io.stdout) --> true
os.remove(name)
print(io.open(name) == nil) --> true
