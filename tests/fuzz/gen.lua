-- gen.lua SEED [SIZE]: writes a random Lua program to standard output, for run.sh. Some of its statements are pieces of
-- snippets.lua, filled with random expressions; more of them in every fourth program.
--
-- Invariants of what it writes: it ends (loops are bounded, functions call only earlier ones, recursion counts down, and
-- the estimated number of executed statements has a limit), it prints no address, no order of pairs, no time, no sign
-- of NaN, and its main chunk raises no error. So every implementation must print the same.
--
-- Expressions are made by wanted type: int (an integer), num (integer or float), str, bool, any (nil, boolean, number or
-- string). What may raise stands in functions that pcall calls, and their messages are printed, too.
local seed, size = math.tointeger(arg[1]), math.tointeger(arg[2] or 6)
math.randomseed(seed)
local random = math.random
local lines, indent = {}, 0
local function emit(fmt, ...) lines[#lines + 1] = ("  "):rep(indent) .. (select("#", ...) > 0 and fmt:format(...) or fmt) end
local function chance(percent) return random(100) <= percent end
local function pick(list) return list[random(#list)] end

-- ---- scopes ----
local scope           -- list of {name=, kind=, ro=}
local cost, mult      -- estimated statements of the function, executions of the present place
local DENSE = seed % 4 == 0 -- short programs of many pieces
local LIMIT = DENSE and 4000 or 30000
local serial = 0
local functions = {}  -- {name, params, kind of result, cost}
local in_loop, in_vararg, in_coroutine, labels = 0, false, false, 0

local function fresh(prefix) serial = serial + 1; return prefix .. serial end
local function declare(name, kind, ro) scope[#scope + 1] = {name = name, kind = kind, ro = ro} end
local function variable(kind, writable)
  local found = {}
  for _, v in ipairs(scope) do if v.kind == kind and not (writable and v.ro) then found[#found + 1] = v.name end end
  return #found > 0 and found[random(#found)] or nil
end
local function block(body)
  local n = #scope
  indent = indent + 1
  body()
  indent = indent - 1
  for i = #scope, n + 1, -1 do scope[i] = nil end
end

-- ---- expressions ----
local INTS = {"0", "1", "2", "3", "-1", "7", "10", "255", "256", "-256", "32767", "65536", "2147483647", "-2147483648", "4294967296",
  "math.maxinteger", "math.mininteger", "math.maxinteger - 1", "0x7fffffff", "0xff", "1 << 62", "100", "-7", "1000003"}
local FLOATS = {"0.0", "-0.0", "0.5", "1.0", "-1.5", "2.0^53", "1e308", "-1e308", "1/0", "-1/0", "0/0", "3.0", "1e-320", "0.1", "9.223372036854775807e18", "-9.3e18", "2.5", "100.25"}
local STRS = {'""', '"a"', '"b"', '"10"', '"0x10"', '"abc"', '"x1"', '"1e1"', '"long enough not to be a short string, that is more than forty bytes"'}
local PATTERNS = {'"%a"', '"%d+"', '"[a-c]+"', '"(%w)(%w)"', '"^%w"', '"%w$"', '"b*"', '"a-x"', '"."', '"%s"', '"[^a]"', '"()b"'}
local int, num, str, bool, any, tab

local function args_of(f, d)
  local args = {}
  for i, k in ipairs(f.params) do args[i] = k == "int" and int(d) or k == "num" and num(d) or any(d) end
  if f.vararg then for _ = 1, random(0, 3) do args[#args + 1] = any(d) end end
  return table.concat(args, ", ")
end

function int(d)
  local r = d <= 0 and random(3) or random(38)
  if r > 22 then
    if r == 23 then return ("(%s | %s)"):format(pick{"2.0", "-1.0", "2.0^53", "\"7\"", "\"0x10\""}, int(d - 1)) end
    if r == 24 then return ("toi(%s)"):format(pick{"(\"10\" + %s)", "(%s * \"3\")", "(\"1e2\" - %s)", "(%s // \"2\")"}:format(int(d - 1))) end
    if r == 25 then return ("(#%s:rep(%s & 7))"):format(str(d - 1), int(d - 1)) end
    if r == 26 then return ("(%s:byte(%s & 15) or %s)"):format(str(d - 1), int(d - 1), int(d - 1)) end
    if r == 27 then return ("(%s:find(%s%s) or 0)"):format(str(d - 1), pick(PATTERNS), pick{"", ", 2", ", -2", ", 1, true"}) end
    if r == 28 then return ("(select(2, %s:gsub(%s, %s)))"):format(str(d - 1), pick(PATTERNS), pick{'"%0%0"', '""', "string.upper", "{a = 'z', b = false}", "function(c) return c == 'a' and 'Q' end"}) end
    if r == 29 then return ("select(\"#\", %s, %s)"):format(any(d - 1), pick{"nil", "va(1, 2)", "table.unpack({1, 2, nil, 4}, 1, 4)"}) end
    if r == 30 then return ("(math.tointeger(%s) or -5)"):format(num(d - 1)) end
    if r == 31 then return ("(math.ult(%s, %s) and 1 or 2)"):format(int(d - 1), int(d - 1)) end
    if r == 32 then return ("(tonumber(%s) and 1 or 0)"):format(str(d - 1)) end
    if r == 33 then local o = variable("obj"); return o and pick{"(#%s & 0xff)", "(-%s).tag", "(~%s).tag", "%s(%d)", "(%s // 3).tag", "(%s % 2).tag", "(%s & 5).tag"}:gsub("%%([sd ])", function(c) return c == "s" and o or c == "d" and random(9) or nil end) or int(d - 1) end
    if r == 34 then local t = variable("tab"); return t and ("(toi(%s[%s]))"):format(t, pick{"1", "2", "#" .. t, "1.0", "3"}) or int(d - 1) end
    if r == 35 then return ("rawlen({%s, %s})"):format(num(d - 1), num(d - 1)) end
    if r == 36 then return ("(%s):len()"):format(str(d - 1)) end
    if r == 37 then return ("counter%s()"):format(pick{"", "2"}) end
    return ("(utf8.len(%s, 1, -1, true) or 9)"):format(str(d - 1))
  end
  if r == 1 then return "(" .. pick(INTS) .. ")" end
  if r <= 3 then return variable("int") or ("(%d)"):format(random(-20, 20)) end
  if r <= 8 then return ("(%s %s %s)"):format(int(d - 1), pick{"+", "-", "*"}, int(d - 1)) end
  if r <= 10 then return ("(%s %s %s)"):format(int(d - 1), pick{"&", "|", "~"}, int(d - 1)) end
  if r == 11 then return ("(%s %s %s)"):format(int(d - 1), pick{"<<", ">>"}, chance(50) and random(-3, 66) or ("(%s & 63)"):format(int(d - 1))) end
  if r == 12 then return ("(%s %s (%s | 1))"):format(int(d - 1), pick{"//", "%"}, int(d - 1)) end
  if r == 13 then return ("(%s %s %s)"):format(int(d - 1), pick{"//", "%"}, pick{"3", "-3", "7", "8", "-1", "16", "1000", "math.mininteger"}) end
  if r == 14 then return pick{"(- %s)", "(~%s)"}:format(int(d - 1)) end
  if r == 15 then return ("(%s and %s or %s)"):format(bool(d - 1), int(d - 1), int(d - 1)) end
  if r == 16 then return ("toi(%s)"):format(num(d - 1)) end
  if r == 17 then local t = variable("tab"); return t and ("(#%s)"):format(t) or int(d - 1) end
  if r == 18 then return ("#%s"):format(str(d - 1)) end
  if r == 19 then local o = variable("obj"); return o and ("%s:%s(%s)"):format(o, pick{"add", "get", "bump"}, int(d - 1)) or int(d - 1) end
  if r == 20 then return ("math.%s(%s, %s)"):format(pick{"max", "min"}, int(d - 1), int(d - 1)) end
  if r == 21 then
    local f = functions[random(math.max(#functions, 1))]
    if f and f.cost * mult + cost < LIMIT and f.kind == "int" then
      cost = cost + f.cost * mult
      return ("%s(%s)"):format(f.name, args_of(f, d - 1))
    end
    return int(d - 1)
  end
  local f = variable("fn")
  if f and mult < 500 then return ("%s(%s)"):format(f, int(d - 1)) end
  return int(d - 1)
end

function num(d)
  local r = d <= 0 and random(4) or random(22)
  if r == 17 then return ("math.fmod(%s, %s)"):format(num(d - 1), pick{"3", "-7", "2.5", "1/0", "-0.5", "math.mininteger"}) end
  if r == 18 then return pick{"(math.modf(%s))", "(select(2, math.modf(%s)))"}:format(num(d - 1)) end
  if r == 19 then return ("(tonumber(%s) or %s)"):format(str(d - 1), num(d - 1)) end
  if r == 20 then return ("(%s + (%s %s 1e15))"):format(num(d - 1), num(d - 1), pick{"%", "//"}) end
  if r == 21 then return ("math.%s(%s, %s, %s)"):format(pick{"max", "min"}, num(d - 1), num(d - 1), num(d - 1)) end
  if r == 22 then return ("(-%s)"):format(num(d - 1)) end
  if r == 1 then return "(" .. pick(FLOATS) .. ")" end
  if r <= 3 then return variable("num") or variable("int") or ("(%s)"):format(random(-9, 9) / 4) end
  if r <= 5 then return int(d - 1) end
  if r <= 9 then return ("(%s %s %s)"):format(num(d - 1), pick{"+", "-", "*"}, num(d - 1)) end
  if r == 10 then return ("(%s / %s)"):format(num(d - 1), num(d - 1)) end
  if r == 11 then return ("(%s %s %s)"):format(num(d - 1), pick{"//", "%"}, pick{"2.0", "0.0", "-3.5", "7", "1e15"}) end
  if r == 12 then return ("(%s ^ %s)"):format(num(d - 1), pick{"2", "0.5", "-1", "0"}) end
  if r == 13 then return ("math.%s(%s)"):format(pick{"floor", "ceil", "abs", "sqrt", "fabs_"}, num(d - 1)):gsub("fabs_", "abs") end
  if r == 14 then local t = variable("tab"); return t and ("(%s[%s] or %s)"):format(t, int(d - 1), num(d - 1)) or num(d - 1) end
  if r == 15 and chance(40) then local m = variable("map"); return m and ("(%s[%s] or %s)"):format(m, chance(50) and int(d - 1) .. " & 31" or pick{"\"k1\"", "\"x\"", "1.5", "true"}, num(d - 1)) or num(d - 1) end
  if r == 15 then local o = variable("obj"); return o and ("%s.%s"):format(o, pick{"x", "y", "missing"}) or num(d - 1) end
  return ("(%s and %s or %s)"):format(bool(d - 1), num(d - 1), num(d - 1))
end

function str(d)
  local r = d <= 0 and random(2) or random(18)
  if r == 9 then return ("(%s .. %s):sub(-30)"):format(num(d - 1) .. " % 1000", str(d - 1)) end
  if r == 10 then return ("string.format(%s, %s)"):format(pick{'"%d"', '"%5d|"', '"%-4d."', '"%x"', '"%c"', '"%q"', '"%i"', '"%03d"'}, int(d - 1) .. " & 0x7f") end
  if r == 11 then return ("string.format(%s, %s)"):format(pick{'"%.3f"', '"%g"', '"%5.1f"', '"%.14g"', '"%e"'}, num(d - 1) .. " % 997") end
  if r == 12 then return ("string.format(%s, %s, %s)"):format(pick{'"%s-%s"', '"%-5s%5s"', '"%.2s%q"', '"[%s%%%s]"'}, str(d - 1), str(d - 1)) end
  if r == 13 then return ("(%s):rep(%s & 3%s):sub(1, 30)"):format(str(d - 1), int(d - 1), pick{"", ", \",\""}) end
  if r == 14 then return ("(%s:match(%s) or %s):sub(1, 9)"):format(str(d - 1), pick{'"%a+"', '"%d"', '"^(.)"', '"[bc]"', '".$"'}, str(d - 1)) end
  if r == 15 then return ("((%s):gsub(%s, %s)):sub(1, 30)"):format(str(d - 1), pick(PATTERNS), pick{'"<%0>"', '"%%"', '"%1"', "{b = 1}", "function(...) return (select('#', ...)) end"}) end
  if r == 16 then return ("table.concat({%s, %s, %s}, %s):sub(-30)"):format(str(d - 1), int(d - 1), str(d - 1), pick{'""', '", "', '"ab"'}) end
  if r == 17 then return ("tostring(%s)"):format(pick{bool, str, any}(d - 1)) end
  if r == 18 then return ("(type(%s) .. \"%s\")"):format(any(d - 1), random(9)) end
  if r == 1 then return "(" .. pick(STRS) .. ")" end
  if r == 2 then return variable("str") or pick(STRS):gsub("^.*$", "(%0)") end
  if r == 3 then return ("(%s .. %s):sub(-30)"):format(str(d - 1), str(d - 1)) end
  if r == 4 then return ("(%s .. %s .. \"!\"):sub(-30)"):format(str(d - 1), int(d - 1)) end
  if r == 5 then return ("(%s):sub(%d, %d)"):format(str(d - 1), random(-4, 4), random(-4, 9)) end
  if r == 6 then return ("tostring(%s)"):format(int(d - 1)) end
  if r == 7 then return ("(%s):%s()"):format(str(d - 1), pick{"upper", "lower", "reverse"}) end
  return ("string.char(65 + (%s & 15))"):format(int(d - 1))
end

function bool(d)
  local r = d <= 0 and random(2) or random(17)
  if r == 13 then return ("(math.type(%s) == math.type(%s))"):format(num(d - 1), any(d - 1)) end
  if r == 14 then local t = variable("map"); return t and ("(next(%s) == nil)"):format(t) or bool(d - 1) end
  if r == 15 then local o = variable("obj"); return o and ("(getmetatable(%s) == %s)"):format(o, pick{"P", "O", "R", "D"}) or bool(d - 1) end
  if r == 16 then return ("rawequal(%s, %s)"):format(any(d - 1), any(d - 1)) end
  if r == 17 then return ("(%s %s %s)"):format(int(d - 1), pick{"<", "<=", "==", ">="}, pick{"2.0^53", "9.3e18", "-9.3e18", "0.5", "-0.0", "2.0^63", "0/0", "math.mininteger + 0.0"}) end
  if r == 1 then return ("(%s %s %s)"):format(int(d - 1), pick{"<", "<=", ">", ">=", "==", "~="}, int(d - 1)) end
  if r == 2 then return ("(%s %s %s)"):format(num(d - 1), pick{"<", "<=", ">", ">=", "==", "~="}, num(d - 1)) end
  if r <= 4 then return ("(%s %% %d == %d)"):format(int(d - 1), random(2, 5), random(0, 2)) end
  if r == 5 then return ("(not %s)"):format(bool(d - 1)) end
  if r == 6 then return ("(%s and %s)"):format(bool(d - 1), bool(d - 1)) end
  if r == 7 then return ("(%s or %s)"):format(bool(d - 1), bool(d - 1)) end
  if r == 8 then return ("(%s == %s)"):format(any(d - 1), any(d - 1)) end
  if r == 9 then return ("(%s %s %s)"):format(str(d - 1), pick{"<", "<=", "==", "~="}, str(d - 1)) end
  if r == 10 then return ("(type(%s) == %s)"):format(any(d - 1), pick{'"nil"', '"number"', '"string"', '"boolean"'}) end
  if r == 11 then
    local a, b = variable("obj"), variable("obj")
    return a and ("(%s %s %s)"):format(a, pick{"==", "<", "<=", "~=", ">"}, b) or bool(d - 1)
  end
  return ("(math.type(%s) == \"integer\")"):format(num(d - 1))
end

function any(d)
  local r = random(9)
  if r == 1 then return "nil" end
  if r == 2 then return pick{"true", "false"} end
  if r == 3 then return str(d) end
  if r == 4 then return bool(d) end
  if r <= 6 then return variable("any") or num(d) end
  if r == 7 and in_vararg then return pick{"(...)", "(select(-1, 0, ...))", "(select(\"#\", ...))"} end
  return num(d)
end

local function expr(kind, d)
  return kind == "int" and int(d) or kind == "num" and num(d) or kind == "str" and str(d) or kind == "bool" and bool(d) or any(d)
end

-- ---- statements ----
local statements
local KINDS = {"int", "int", "int", "num", "num", "str", "any"}
local S = {}

local function body(n, times)
  local m, l = mult, in_loop
  if times then mult = mult * times; in_loop = in_loop + 1 end
  block(function() statements(n) end)
  mult, in_loop = m, l
end

function S.declare() local k, v = pick(KINDS), fresh("v"); emit("local %s = %s", v, expr(k, 3)); declare(v, k) end
function S.assign()
  local k = pick(KINDS)
  local v = variable(k, true)
  if v then emit("%s = %s", v, expr(k, 3)) else S.declare() end
end
S.assign2 = S.assign
S.assign3 = S.assign
function S.multi()
  local a, b = variable("int", true), variable("int", true)
  if a and b and a ~= b then emit("%s, %s = %s, %s", a, b, int(2), int(2)) else S.assign() end
end
function S.branch(n)
  emit("if %s then", bool(3)); body(n)
  if chance(30) then emit("elseif %s then", bool(2)); body(n) end
  if chance(60) then emit("else"); body(n) end
  emit("end")
end
S.branch2 = S.branch
local function loop_ok(times) return in_loop < 3 and cost + mult * times < LIMIT and mult * times < 6000 end
function S.fornum(n)
  local times = pick{3, 7, 20, 60, 150}
  if not loop_ok(times) then return S.assign() end
  local v = fresh("i")
  local form = random(11)
  if form == 8 then emit("for %s = math.mininteger, math.mininteger + %d do", v, times - 1)
  elseif form == 9 then local st = pick{2, 3, 1 << 55, 7}; emit("for %s = %s, math.maxinteger, %d do", v, st == 1 << 55 and ("math.maxinteger - %d"):format((st - 1) + st * math.min(times, 30)) or "math.maxinteger - " .. times * st - 1, st)
  elseif form == 10 then emit("for %s = toi(%s) & 15, (toi(%s) & 15) + %d, (%s & 3) + 1 do", v, num(1), num(1), math.min(times, 40), int(1))
  elseif form == 11 then emit("for %s = math.mininteger + %d, math.mininteger, -%d do", v, times, random(3))
  elseif form <= 3 then emit("for %s = 1, %d do", v, times)
  elseif form == 4 then emit("for %s = %d, 1, -%d do", v, times, random(3))
  elseif form == 5 then emit("for %s = math.maxinteger - %d, math.maxinteger do", v, times - 1)
  elseif form == 6 then emit("for %s = 1, toi(%s) & %d do", v, num(1), times < 60 and 7 or 63)
  else
    emit("for %s = 0.5, %d%s do", v, times, pick{"", ".5", ", 1.5"})
    v = v .. "f"
    emit("  local %s = toi(%s)", v, v:sub(1, -2))
  end
  local m = #scope
  declare(v, "int", chance(80) or form == 6)
  body(n, times)
  scope[m + 1] = nil
  emit("end")
end
S.fornum2 = S.fornum
function S.while_(n)
  local times = pick{5, 20, 100}
  if not loop_ok(times) then return S.assign() end
  local v = fresh("w")
  emit("local %s = 0", v)
  if chance(50) then
    emit("while %s < %d%s do", v, times, chance(30) and " and " .. bool(2) or "")
    emit("  %s = %s + 1", v, v)
    declare(v, "int", true)
    body(n, times)
    emit("end")
  else
    emit("repeat")
    emit("  %s = %s + 1", v, v)
    declare(v, "int", true)
    body(n, times)
    emit("until %s >= %d%s", v, times, chance(30) and " or " .. bool(2) or "")
  end
end
function S.forin(n)
  local times = 10
  if not loop_ok(times) then return S.assign() end
  local k, v, t = fresh("k"), fresh("e"), variable("tab")
  local form = random(8)
  if form == 6 and variable("map") then
    local m = variable("map")
    local acc = fresh("acc")
    emit("local %s = 0", acc)
    emit("for %s, %s in %s do %s = %s + hash_of(%s) * hash_of(%s)%s end", k, v, pick{"pairs(" .. m .. ")", "next, " .. m, "pairs(" .. m .. ")"}, acc, acc, k, v,
      chance(25) and (" if hash_of(%s) & 3 == 1 then %s[%s] = nil end"):format(k, m, k) or chance(30) and (" %s[%s] = hash_of(%s)"):format(m, k, v) or "")
    emit("h = h * 31 + %s", acc)
    return
  elseif form == 7 then emit("for %s, %s in (%s):gmatch(%s) do %s = #%s; %s = %s", k, v, str(2), pick{'"(%a)()"', '"()(.)"', '"(%d*)(.)"'}, k, k .. ' .. ""', v, v .. " and 1 or 0")
  elseif form == 8 then emit("for %s, %s in pairs(setmetatable({}, {__pairs = function(t) return stateless, %d, 0 end})) do", k, v, random(12))
  elseif form == 1 and t then emit("for %s, %s in ipairs(%s) do if %s > 40 then break end", k, v, t, k)
  elseif form == 2 then emit("for %s, %s in upto(%d) do", k, v, random(12)); 
  elseif form == 3 then emit("for %s, %s in yielding(%d) do", k, v, random(8))
  elseif form == 4 and t then emit("for %s, %s in next, {%s, %s, %s} do", k, v, int(1), int(1), int(1))
  else emit("for %s, %s in stateless, %d, 0 do", k, v, random(15)) end
  local m = #scope
  declare(k, "int", true); declare(v, "num", true)
  if form == 4 then -- the order is that of an array
    emit("  h = h + %s", k)
  end
  body(n, times)
  scope[m + 2] = nil; scope[m + 1] = nil
  emit("end")
end
function S.table_()
  local v = fresh("t")
  local items = {}
  for i = 1, random(0, 6) do items[i] = num(1) end
  emit("local %s = {%s}", v, table.concat(items, ", "))
  declare(v, "tab", true)
end
function S.store()
  local t = variable("tab")
  if not t then return S.table_() end
  local r = random(6)
  if r <= 2 then emit("%s[#%s %% 50 + 1] = %s", t, t, num(2))
  elseif r == 3 then emit("%s[-(%s & 31)] = %s", t, int(2), num(2))
  elseif r == 4 then emit("%s[%s] = %s", t, pick{"0", "-1", "2^53", "\"k\"", "true", "0.5", "\"e\""}, num(2))
  elseif r == 5 then emit("if #%s > 0 then %s[#%s] = nil end", t, t, t)
  else emit("if #%s > 0 then local i = (%s) %% #%s + 1; %s[i] = %s[i] + %s end", t, int(1), t, t, t, num(1)) end
end
-- maps: any key, holes; never measured
function S.map()
  local m = variable("map")
  if not m then
    m = fresh("m")
    emit("local %s = {%s}", m, pick{"", "1, 2, 3", "x = 1", "nil, 2"})
    declare(m, "map", true)
    return
  end
  emit("%s[%s] = %s", m, pick{"%s & 31", "(%s & 7) / 2", "\"k\" .. (%s & 3)", "%s", "%s %% 3 == 0"}:gsub("%%%%", "%%"):gsub("%%s", function() return int(2) end, 1),
    chance(25) and "nil" or num(2))
end
S.map2 = S.map
S.store2 = S.store
function S.object()
  local v = fresh("o")
  emit("local %s = %s(%s, %s)", v, pick{"Point", "Point", "Other", "Proxy", "Derived"}, int(2), num(2))
  declare(v, "obj", true)
end
function S.field()
  local o = variable("obj")
  if not o then return S.object() end
  emit("%s.%s = %s", o, pick{"x", "y", "extra"}, pick{int, num}(2))
end
function S.method() local o = variable("obj"); if o then emit("h = h ~ %s:%s(%s)", o, pick{"add", "bump", "set"}, int(2)) else S.object() end end
function S.objarith()
  local a, b = variable("obj"), variable("obj")
  if not a then return S.object() end
  local v = fresh("o")
  emit("local %s = %s %s %s", v, a, pick{"+", "-", "*", ".."}, chance(70) and b or int(1))
  declare(v, "obj", true)
end
function S.closure(n)
  local v, p = fresh("f"), fresh("p")
  local m, l, va, co = mult, in_loop, in_vararg, in_coroutine
  if mult > 400 then return S.assign() end
  emit("local function %s(%s)", v, p)
  mult, in_loop, in_vararg, in_coroutine = mult * 4, 3, false, false
  local mark = #scope
  declare(p, "int")
  block(function() statements(math.min(n, 2)); emit("do return %s end", int(2)) end)
  for i = #scope, mark + 1, -1 do scope[i] = nil end
  mult, in_loop, in_vararg, in_coroutine = m, l, va, co
  emit("end")
  declare(v, "fn", true)
end
function S.mixing() emit("mix(%s)", any(2)) end
S.mixing2 = S.mixing
-- classes that change while their methods are compiled
function S.reclass()
  if mult > 60 then return S.method() end
  emit(pick{"P.add = function(self, n) return toi(self.x) - n + %d end", "D.get = %d > 5 and P.get or function(self) return %d end", "P.missing = %d", "O.extra_%d = 1", "D.__index = %d > 4 and P or D0"}:gsub("%%d", function() return random(9) end))
end
function S.remeta() local o = variable("obj"); if o and mult < 300 then emit("setmetatable(%s, %s)", o, pick{"P", "O", "D", "D"}) else S.object() end end
-- closures that share variables
function S.shared(n)
  if mult > 400 then return S.assign() end
  local u, f, g = fresh("u"), fresh("f"), fresh("f")
  emit("local %s = %s", u, int(2))
  emit("local function %s(p) %s = %s ~ p; return %s end", f, u, u, u)
  emit("local %s = function(p) local q = %s; %s = p; return q end", g, u, u)
  declare(u, "int"); declare(f, "fn", true); declare(g, "fn", true)
end
function S.closures_of_loop()
  if mult > 60 then return S.assign() end
  local t = fresh("fs")
  emit("local %s = {}", t)
  emit("for i = 1, %d do local k = i * %s; %s[i] = function(d) k = k + d; i = i + 1; return k ~ i end end", random(5, 30), int(1), t)
  emit("for r = 1, 3 do for i = 1, #%s do h = h * 3 + %s[i](r) end end", t, t)
end
-- the table library
function S.library()
  local t = variable("tab")
  if not t then return S.table_() end
  local r = random(9)
  if r == 1 then emit("if #%s < 60 then table.insert(%s, %s) end", t, t, num(2))
  elseif r == 2 then emit("if #%s < 60 then table.insert(%s, %s %% (#%s + 1) + 1, %s) end", t, t, int(1), t, num(2))
  elseif r == 3 then emit("mix(table.remove(%s))", t)
  elseif r == 4 then emit("if #%s > 0 then mix(table.remove(%s, %s %% #%s + 1)) end", t, t, int(1), t)
  elseif r == 5 then emit("do local a, b, c = table.unpack(%s%s); mix(a); mix(b); mix(c) end", t, pick{"", ", 1, 3", ", 2", ", -1, 1"})
  elseif r == 6 then emit("do local q = table.pack(table.unpack(%s)); h = h + q.n; mix(q[1]) end", t)
  elseif r == 7 then emit("do local q = table.move(%s, 1, #%s, %d, {}); h = h + #q; mix(q[2]) end", t, t, 1)
  elseif r == 8 then emit("do local q = {table.unpack(%s)}; for i = 1, #q do q[i] = toi(q[i]) & 0xff end; mix(table.concat(q, %s)) end", t, pick{'","', '""'})
  else emit("for i = #%s, 2, -1 do %s[i] = %s[i - 1] end", t, t, t) end
end
function S.fields() -- objects with fields of many shapes
  local o = fresh("s")
  emit("local %s = {a = %s, b = %s}", o, any(1), num(1))
  emit("if %s then %s.c = %s else %s.d = %s; %s.c = 1 end", bool(2), o, any(1), o, any(1), o)
  emit("%s.b = %s; mix(%s.a); mix(%s.c); mix(%s.d)", o, any(2), o, o, o)
  if chance(30) then emit("%s.a = nil; mix(%s.a); %s[%s] = 5; mix(rawget(%s, %s))", o, o, o, str(1), o, str(1)) end
end
function S.xprotected(n)
  local ok, e = fresh("ok"), fresh("err")
  local l, va, co = in_loop, in_vararg, in_coroutine
  in_loop, in_vararg, in_coroutine = 3, false, false
  emit("local %s, %s = xpcall(function(...)", ok, e)
  block(function()
    statements(math.min(n, 2))
    emit("if %s then error(%s, %d) end", bool(2), any(1), random(0, 2))
    emit("do return %s end", int(2))
  end)
  emit("end, %s%s)", pick{"text", "function(m) h = h * 3 return m end", "function(m) return type(m) end", "debug.traceback and text"}, pick{"", ", 1", ", nil, 2"})
  in_loop, in_vararg, in_coroutine = l, va, co
  emit("mix(%s); mix(text(%s))", ok, e)
end
-- errors and their messages, with the names of variables
function S.failing()
  if mult > 1500 then return S.assign() end
  emit("h = h + failing(%s, %s, %s)", int(1), any(2), any(2))
end
function S.generator(n)
  if mult > 60 then return S.assign() end
  local k, co = fresh("k"), in_coroutine
  local l, va = in_loop, in_vararg
  emit("for %s in coroutine.wrap(function()", k)
  in_loop, in_vararg, in_coroutine = 3, false, true
  block(function() emit("for j = 1, %d do", random(12)); block(function() statements(math.min(n, 2)); emit("coroutine.yield(j)") end); emit("end") end)
  in_loop, in_vararg, in_coroutine = l, va, co
  emit("end) do h = h * 5 + %s end", k)
end
function S.lines() -- the line hook sees the same lines, whatever was compiled (as a sum: pairs has no order)
  if mult > 8 then return S.assign() end
  local f = functions[random(math.max(#functions, 1))]
  if not f or f.cost > 300 then return S.assign() end
  emit("debug.sethook(function(_, l) h = h + l * l end, %s)", pick{'"l"', '"lcr"', '"l"'}:gsub("cr", ""))
  emit("pcall(%s)", f.name)
  emit("debug.sethook()")
end
function S.locals() if mult < 100 then local v = variable("int"); if v then emit("h = h + local_of(%q)", v) else S.assign() end else S.assign() end end
function S.load() if mult < 30 then emit("mix(load(%q)(%s, %s))", ("local a, b = ... local s = 0 for i = 1, %d do s = s + a * i %s end return s"):format(random(20), pick{"- (b or 0)", "", "~ 3"}), int(1), int(1)) else S.assign() end end
function S.env() emit("do local a = %s; local _ENV = {x = a}; x = x + %d; y = x; z = y end", int(2), random(9)) end
function S.constant() local v = fresh("c"); emit("local %s <const> = %s", v, pick{int, num, str}(1)); end
function S.chain() emit("h = h + chain(%s & 15).next.next.value", int(1)) end
function S.garbage() if mult < 300 then emit("setmetatable({%s}, {__gc = function(o) local s = 0 for i = 1, 5 do s = s + i end garbage = (garbage or 0) + s end})", any(1)) else S.assign() end end
function S.swap()
  local a, b, c = variable("num", true), variable("num", true), variable("int", true)
  if a and b and c and a ~= b then emit("%s, %s, %s = %s, %s, %s", a, b, c, b, a, int(1)) else S.assign() end
end
function S.repeat_local()
  if not loop_ok(10) then return S.assign() end
  local w = fresh("w")
  emit("do local %s = 0; repeat local again = %s + 1; %s = again", w, w, w)
  if chance(40) then emit("local function get() return again end; h = h + get()") end
  emit("until again >= %d end", random(12))
end
function S.break_()
  if not loop_ok(20) then return S.assign() end
  local v = fresh("i")
  emit("for %s = 1, 20 do", v)
  local m = #scope
  declare(v, "int", true)
  body(2, 20)
  emit("if %s then break end", bool(2))
  scope[m + 1] = nil
  emit("end")
end
function S.method_chain() local o = variable("obj"); if o then emit("h = h + toi((%s + %s).x) + (%s == %s and 1 or 0)", o, variable("obj"), o, variable("obj")) else S.object() end end
function S.protected(n)
  local ok, e = fresh("ok"), fresh("err")
  local m, l, va, co = mult, in_loop, in_vararg, in_coroutine
  in_loop, in_vararg = 3, false
  emit("local %s, %s = pcall(function()", ok, e)
  block(function()
    statements(math.min(n, 2))
    local r = random(8)
    if r == 1 then emit("if %s then error(%s) end", bool(2), pick{int, str, any}(1))
    elseif r == 2 then emit("if %s then error({}) end", bool(2))
    elseif r == 3 then emit("local q = %s; mix(q + %s)", any(1), int(1))
    elseif r == 4 then emit("local q = %s; mix(q.field.more)", any(1))
    elseif r == 5 then emit("local q = %s; mix(q < %s)", any(1), any(1))
    elseif r == 6 then emit("mix((%s) | 1)", any(1))
    elseif r == 7 then emit("local q = %s; mix(q .. %s)", any(1), any(1)) end
    emit("do return %s end", any(2))
  end)
  emit("end)")
  in_loop, in_vararg, in_coroutine = l, va, co
  emit("mix(%s); mix(%s)", ok, e)
end
function S.tbc(n)
  emit("do local c%d <close> = closer(%s)", serial, int(1))
  body(math.min(n, 2))
  emit("end")
end
function S.continue(n)
  if in_loop == 0 then return S.assign() end
  labels = labels + 1
  local l = "L" .. labels
  emit("do")
  block(function()
    emit("if %s then goto %s end", bool(2), l)
    body(math.min(n, 2))
  end)
  emit("  ::%s:: end", l)
end
function S.recurse() emit("h = h + %s(%s & 15, %s)", pick{"down", "tree", "tail"}, int(2), int(1)) end
function S.varargs() emit("mix(%s)", pick{"va(%s, %s, %s)", "va(%s, va(%s), %s)", "(select(2, %s, %s, %s))", "pack2(%s, %s, %s)"}:format(any(1), any(1), any(1))) end
function S.yield() if in_coroutine then emit("h = h + toi(coroutine.yield(%s))", int(2)) else S.mixing() end end
function S.collect() if mult < 200 then emit("collectgarbage(%s)", pick{"", '"step"', '"step", 100'}) else S.assign() end end
function S.global() emit(pick{"g1 = %s", "g2 = g1 ~ %s", "g1 = (g1 + g2) ~ %s", "_G[\"g\" .. (%s & 1) + 1] = 5"}, int(2)) end
function S.compare_swap() local t = variable("tab"); if t then emit("if #%s > 1 then %s[1], %s[#%s] = %s[#%s], %s[1] end", t, t, t, t, t, t, t) else S.table_() end end
function S.sort() local t = variable("tab"); if t and mult < 100 then emit("do local q = {}; for i = 1, #%s do q[i] = toi(%s[i]) end; table.sort(q%s); for i = 1, #q do h = h * 31 + q[i] end end", t, t, pick{"", ", function(a, b) return a > b end"}) else S.table_() end end

-- a piece of snippets.lua; what stands in it runs $R times
local SNIPPET_SHARE = DENSE and 70 or 12
local SNIPPETS = dofile((arg[0]:gsub("[^/]*$", "")) .. "snippets.lua")
local function random_lines()
  local saved = lines
  lines = {}
  body(1)
  local text = table.concat(lines, "\n")
  lines = saved
  return text
end
local FILL = {I = function() return int(1) end, N = function() return num(1) end, S = function() return str(1) end, B = function() return bool(1) end,
  A = function() return any(1) end, C = function() return random(2, 12) end, L = random_lines}
local function snippet()
  local dear, text = pick(SNIPPETS):match("^(!?)(.*)$")
  local times = pick{5, 12, 40, 70, 130}
  while times > 5 and not loop_ok(times * 3) do times = times // 3 end
  if not loop_ok(times * 3) or (dear ~= "" and (mult > 1 or cost > 1000)) then return S.assign() end
  local l, va, co, m = in_loop, in_vararg, in_coroutine, mult
  in_loop, in_vararg, in_coroutine, mult = 3, false, false, mult * times
  cost = cost + (dear ~= "" and 20000 or mult * 3)
  FILL.R = function() return times end
  emit("do")
  local filled = text:gsub("%$(%u)", function(k) return FILL[k]() end)
  for line in filled:gmatch("[^\n]+") do lines[#lines + 1] = ("  "):rep(indent + 1) .. line:match("^%s*(.-)$") end
  emit("end")
  in_loop, in_vararg, in_coroutine, mult = l, va, co, m
end

local names = {}
for k in pairs(S) do names[#names + 1] = k end
table.sort(names)

function statements(n)
  for _ = 1, random(math.max(1, n)) do
    cost = cost + mult
    if chance(SNIPPET_SHARE) then snippet() else S[pick(names)](math.max(1, n - 1)) end
  end
end

-- ---- the program ----
local PRELUDE = [==[
local h, g = 0, 0
g1, g2 = 1, 2
local has, js = pcall(require, "jitstat")
if not has then js = {enable_debug = os.time, disable_debug = os.time} end -- as in ours: C functions, of which a line hook sees nothing
local function toi(x) if x ~= x or x > 1e15 or x < -1e15 then return 0 end local f = math.floor(x) return math.tointeger(f) or 0 end
local function text(v)
  if math.type(v) == "float" then return v ~= v and "nan" or ("%.14g"):format(v) .. "f" end
  if type(v) == "table" then return "table" end
  if type(v) == "function" then return "function" end
  return tostring(v)
end
local hash = {}
local function mix(v)
  local t = type(v)
  if t == "number" then
    if math.type(v) == "integer" then h = h * 31 + v
    elseif v ~= v then h = h * 37 + 1
    elseif v == 1/0 or v == -1/0 then h = h * 41 + (v > 0 and 1 or 2)
    else h = h * 43 + toi(v % 1000003 * 64) + (1 / v < 0 and 1 or 0) end
  elseif t == "string" then for i = 1, #v do h = h * 33 ~ v:byte(i) end
  else h = h * 7 + (v and 3 or v == nil and 5 or 11) end
end
local P = {}
P.__index = P
function P:add(n) return toi(self.x) + n end
function P:get() return toi(self.y) end
function P:bump(n) self.x = toi(self.x) + (n & 0xffff); return self.x end
function P:set(n) self.y = n; return n end
P.missing = 17
local function Point(x, y) return setmetatable({x = x, y = y}, P) end
P.__add = function(a, b) return Point(toi(P.xof(a)) + toi(P.xof(b)), 1) end
P.__sub = function(a, b) return Point(toi(P.xof(a)) - toi(P.xof(b)), 2) end
P.__mul = function(a, b) return Point(toi(P.xof(a)) * (toi(P.xof(b)) & 7), 3) end
P.__concat = function(a, b) return Point(toi(P.xof(a)) ~ toi(P.xof(b)), 4) end
P.__eq = function(a, b) return toi(a.x) == toi(b.x) end
P.__lt = function(a, b) return toi(a.x) < toi(b.x) end
P.__le = function(a, b) return toi(a.x) <= toi(b.x) end
P.xof = function(a) return type(a) == "table" and a.x or a end
local O = {__add = P.__add, __sub = P.__sub, __mul = P.__mul, __concat = P.__concat, __lt = P.__lt, __le = P.__le,
  __index = function(t, k) if k == "missing" then return -3 end return P[k] end}
local function Other(x, y) local t = setmetatable({}, O); t.y = y; t.x = x; return t end
local R = {__add = P.__add, __sub = P.__sub, __mul = P.__mul, __concat = P.__concat, __lt = P.__lt, __le = P.__le,
  __index = function(t, k) local v = rawget(t, "_" .. k); if v == nil then return P[k] end return v end,
  __newindex = function(t, k, v) rawset(t, "_" .. k, v) end}
local function Proxy(x, y) local t = setmetatable({}, R); t.x = x; t.y = y; return t end
local D0 = setmetatable({get = function(self) return -4 end}, {__index = P})
local D = setmetatable({__index = D0}, {__index = P})
for k, v in next, R do if k ~= "__index" and k ~= "__newindex" then D[k] = v end end
D.__unm = function(a) return {tag = toi(P.xof(a)) & 7} end
D.__bnot, D.__idiv, D.__mod, D.__band = D.__unm, D.__unm, D.__unm, D.__unm
D.__len = function(a) return toi(rawget(a, "x")) & 31 end
D.__call = function(self, n) return toi(self.x) + n end
for _, k in ipairs{"__unm", "__bnot", "__idiv", "__mod", "__band", "__len", "__call"} do P[k] = P[k] or D[k]; O[k] = D[k]; R[k] = k == "__len" and function() return 3 end or D[k] end
local function Derived(x, y) return setmetatable({x = x, y = y}, D) end
function D0:add(n) return P.add(self, n) * 3 end
local function hash_of(v)
  local t = math.type(v)
  if t == "integer" then return v end
  if t == "float" then return v ~= v and 7 or toi(v % 4096 * 16) end
  if type(v) == "string" then local r = #v for i = 1, #v do r = r * 33 + v:byte(i) end return r end
  return v and 3 or v == false and 4 or 5
end
local counter, counter2 do local c = 0; function counter() c = c + 1; return c & 0xff end; function counter2() c = c ~ 5; return c & 0xff end end
local nested = {inner = {value = 3}}
local function failing(n, a, b)
  local ok, m = pcall(function(...)
    n = n & 31
    if n == 0 then return a + b elseif n == 1 then return a .. b elseif n == 2 then return a < b elseif n == 3 then return #a
    elseif n == 4 then return a.x.y elseif n == 5 then return a() elseif n == 6 then return nested.inner.value() elseif n == 7 then return nested.other.value
    elseif n == 8 then return undefined_name() elseif n == 9 then return 1 // (n - 9) elseif n == 10 then return n % (n - 10) elseif n == 11 then return a & b
    elseif n == 12 then for i = 1, a do end elseif n == 13 then for i = a, 2, b do end elseif n == 14 then a.x = b elseif n == 15 then nested[nil] = b
    elseif n == 16 then nested[0/0] = b elseif n == 17 then return a:method(b) elseif n == 18 then return nested:nomethod() elseif n == 19 then return -{} elseif n == 20 then return a <= b
    elseif n == 21 then return {} < {} elseif n == 22 then return 2^53 | a elseif n == 23 then return 1.5 | n elseif n == 24 then return "abc" + n elseif n == 25 then return math.floor(a)
    elseif n == 26 then return ("x"):rep(a) elseif n == 27 then return setmetatable(a, b) elseif n == 28 then return select(-5, ...) elseif n == 29 then return string.format("%d", a)
    elseif n == 30 then for i = 1, 10, 0 do end else local x <close> = a end
    return n
  end, a, b)
  mix(ok); mix(text(m))
  return ok and 1 or 2
end
local function local_of(name)
  for i = 1, 250 do
    local k, v = debug.getlocal(2, i)
    if not k then return -1 end
    if k == name then return toi(v) end
  end
end
local function chain(n) local p = {value = n}; return {next = {next = p, value = n + 1}} end
local function closer(n) return setmetatable({}, {__close = function(_, e) h = h * 3 + n; mix(e ~= nil) end}) end
local function upto(n) local i = 0; return function() i = i + 1; if i <= n then return i, i * 1.5 end end end
local function yielding(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i, i & 1 == 0 and i or i / 2) end end) end
local function stateless(n, i) if i < n then return i + 1, n - i end end
local function down(n, a) if n <= 0 then return a & 0xff end return n + down(n - 1, a ~ n) end
local function tree(n, a) n = n & 7; if n <= 1 then return a & 1 end return tree(n - 1, a) + tree(n - 2, a >> 1) end
local function tail(n, a) if n <= 0 then return a end return tail(n - 1, a * 3 + n) end
local function va(...) local a, b = ...; local t = {...}; return a == nil and b or a, select("#", ...), #t end
local function pack2(...) local t = table.pack(...); return t.n, ... end
]==]

for line in PRELUDE:gmatch("[^\n]+") do emit(line) end

if chance(30) then
  emit(pick{'collectgarbage("generational")', 'collectgarbage("incremental", 50, 1000)', 'collectgarbage("incremental", 100, 400, 8)',
    'collectgarbage("setpause", 0)', 'collectgarbage("setpause", 0) collectgarbage("incremental", 0, 1000, 1)'})
end

local function make_function(id)
  scope, cost, mult, in_loop = {}, 0, 1, 0
  local f = {name = "fun" .. id, params = {}, kind = "int", vararg = chance(20)}
  local names_ = {}
  for i = 1, random(0, 3) do
    f.params[i] = pick{"int", "int", "num", "any"}
    names_[i] = "a" .. i
    declare("a" .. i, f.params[i])
  end
  in_vararg = f.vararg
  if f.vararg then names_[#names_ + 1] = "..." end
  emit("local function %s(%s)", f.name, table.concat(names_, ", "))
  block(function()
    for _ = 1, random(2) do S.declare() end
    if chance(40) then S.table_() end
    if chance(40) then S.object() end
    statements(size)
    emit("do return %s end", int(3))
  end)
  emit("end")
  in_vararg = false
  f.cost = cost + 5
  functions[id] = f
end

for id = 1, random(2, 6) do make_function(id) end
-- a coroutine whose body is random
scope, cost, mult, in_loop = {}, 0, 5, 0
in_coroutine = true
emit("local function co_body(a, b)")
declare("a", "int"); declare("b", "num")
block(function() statements(size); emit("return %s", int(2)) end)
emit("end")
in_coroutine = false
-- the main chunk: every function often enough to get hot, with arguments of changing types
for _, f in ipairs(functions) do
  local rounds = math.max(2, math.min(150, LIMIT * 2 // f.cost))
  scope, mult, cost = {}, rounds, 0
  emit("for r = 1, %d do", rounds)
  declare("r", "int", true)
  local args = {}
  for i, k in ipairs(f.params) do
    args[i] = k == "int" and pick{"r", "r * 7", "r & 3", "-r", "r << 40"} or k == "num" and pick{"r", "r / 2", "r % 3 == 0 and r or r / 4"} or
      pick{"r", "r % 5 == 0 and nil or r", "r % 4 == 0 and \"s\" or r", "r > 20 and r / 2 or true"}
  end
  if f.vararg then args[#args + 1] = pick{"r, nil, 3", "table.unpack({1, 2, 3, r}, 1, r & 3)", "r / 2"} end
  emit("  local ok, v = pcall(%s)", table.concat({f.name, table.unpack(args)}, ", "))
  emit("  mix(ok); mix(v)")
  emit("  if r %% 20 == 1 then print(%d, r, ok, text(v), h) end", random(99))
  emit("end")
end
emit("for r = 1, 12 do")
emit("  local co = coroutine.create(co_body)")
emit("  for s = 1, 30 do local ok, v = coroutine.resume(co, r, s / 2); mix(ok); mix(v); if s == 1 then print(r, ok, text(v)) end; if coroutine.status(co) == \"dead\" then break end end")
emit("  coroutine.close(co)")
emit("end")
emit("print(h, g1, g2)")
print(table.concat(lines, "\n"))
