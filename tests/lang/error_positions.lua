-- Every error carries the line where it happened, also in multi-line expressions and inside compiled loops.
local function line(f, ...) local ok, e = pcall(f, ...); return tostring(e):match("^[^:]+:(%d+):") end
print(line(function() local x; x() end)) --> 3
print(line(function()
  local x
  x.y = 1
end)) --> 6
print(line(function()
  return 1 +
    2 +
    nil +
    3
end)) --> 10
print(line(function()
  local t = {
    a = 1,
    b = 2 .. {},
  }
end)) --> 17
print(line(function()
  print(
    "never",
    undefined_function()
  )
end)) --> 23
print(line(function()
  undefined_function(
    1,
    2
  )
end)) --> 27
print(line(function()
  local s = "a"
    .. "b"
    .. nil
    .. "c"
end)) --> 36
print(line(function()
  if 1 < 2 and
     {} < {} then
    return
  end
end)) --> 40
print(line(function()
  for i = 1, 10 do
    if i == 5 then
      error("here")
    end
  end
end)) --> 47
print(line(function()
  local function inner()
    error("two up", 2)
  end
  inner()
end)) --> 55
print(line(function()
  for i = 1,
    "x" do
  end
end)) --> 59
print(line(function()
  for k in
    5 do
  end
end)) --> 64
print(line(function()
  local a <close> =
    42
end)) --> 69
-- chunks with names of their own
print(select(2, load("x = = 1", "=name"))) --> name:1: unexpected symbol near '='
print(select(2, load("x =\n\n= 1", "@file.lua"))) --> file.lua:3: unexpected symbol near '='
print(select(2, load("x = 'abc", "line one\nline two"))) --> [string "line one..."]:1: unfinished string near <eof>
print(select(2, load("local x = 5 5"))) --> [string "local x = 5 5"]:1: unexpected symbol near '5'
print(select(2, load(("x = 1 "):rep(30) .. "@"))) --> [string "x = 1 x = 1 x = 1 x = 1 x = 1 x = 1 x = 1 x =..."]:1: unexpected symbol near '@'
print(select(2, load("x = }"))) --> [string "x = }"]:1: unexpected symbol near '}'
print(select(2, load("for i = 1 do end"))) --> [string "for i = 1 do end"]:1: ',' expected near 'do'
print(select(2, load("if x then"))) --> [string "if x then"]:1: 'end' expected near <eof>
print(select(2, load("if x then\n\nelse\n\n"))) --> [string "if x then..."]:5: 'end' expected (to close 'if' at line 1) near <eof>
print(select(2, load("return 'abc\ndef'"))) --> [string "return 'abc..."]:1: unfinished string near ''abc'
print(select(2, load("return [[abc"))) --> [string "return [[abc"]:1: unfinished long string (starting at line 1) near <eof>
print(select(2, load("return '\\q'"))) --> [string "return '\q'"]:1: invalid escape sequence near ''\q'
print(select(2, load("return 0x"))) --> [string "return 0x"]:1: malformed number near '0x'
print(select(2, load("return 1e"))) --> [string "return 1e"]:1: malformed number near '1e'
print(select(2, load("a.b:c = 1"))) --> [string "a.b:c = 1"]:1: function arguments expected near '='
print(select(2, load("local function f() return 1 print(2) end"))) --> [string "local function f() return 1 print(2) end"]:1: 'end' expected near 'print'
print(select(2, load("x = function() ... end"))) --> [string "x = function() ... end"]:1: unexpected symbol near '...'
print(select(2, load("function f() return ... end"))) --> [string "function f() return ... end"]:1: cannot use '...' outside a vararg function near '...'
print(select(2, load("local x <const> = 1; x = 2"))) --> [string "local x <const> = 1; x = 2"]:1: attempt to assign to const variable 'x'
print(select(2, load("local x <foo> = 1"))) --> [string "local x <foo> = 1"]:1: unknown attribute 'foo'
print(select(2, load("goto 5"))) --> [string "goto 5"]:1: <name> expected near '5'
print(select(2, load("--[[ never closed"))) --> [string "--[[ never closed"]:1: unfinished long comment (starting at line 1) near <eof>
print(select(2, load("x = ~"))) --> [string "x = ~"]:1: unexpected symbol near <eof>
print(select(2, load("f() = 1"))) --> [string "f() = 1"]:1: syntax error near '='
print(select(2, load("a, b"))) --> [string "a, b"]:1: '=' expected near <eof>
print(select(2, load("\27Lua"))) --> binary string: bad binary format (truncated chunk)
print(pcall(load("error('at two')", "=chunk"))) --> false	chunk:1: at two
print(pcall(load("\n\nlocal x = nil + 1", "=chunk"))) --> false	chunk:3: attempt to perform arithmetic on a nil value
-- the line inside a hot loop, at each of three places, after many rounds
local function work(at)
  local v = 0
  for i = 1, 900 do
    v = v + (at == 1 and i == 700 and nil or 1)
    v = v + #(at == 2 and i == 800 and 5 or "x")
    v = v
      + (at == 3 and i == 850 and {} or 1)
  end
  return v
end
print(line(work, 0), line(work, 1), line(work, 2), line(work, 3)) --> nil	nil	105	107
-- in a function called by a hot loop, at different depths
local function c(i) if i == 555 then error("deep") end return i end
local function b(i) local v = c(i); return v end
local function a(i) local v = b(i); return v end
print(line(function() local s = 0; for i = 1, 1000 do s = s + a(i) end end)) --> 113
