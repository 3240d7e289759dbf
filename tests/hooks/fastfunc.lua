-- Every library function that traces do themselves, on plain and on awkward arguments: what compiled loops get is what the
-- function itself gave the first time, errors included.
local js = require "jitstat"
js.set_param("threshold=15") -- all loops, though there are many
local nan, inf, minint, maxint = 0 / 0, math.huge, math.mininteger, math.maxinteger
local obj = setmetatable({}, {__tostring = function() return "obj" end, __name = "Obj"})
local locked = setmetatable({}, {__metatable = "locked"})
local function same(a, b) return a == b and math.type(a) == math.type(b) or (a ~= a and b ~= b) end
local template = [[
local f, same, a, b, c, d, e = ...
local function g() local n = select("#", f(%s)) local x, y, z = f(%s) return n, x, y, z end
local ok0, n0, x0, y0, z0 = pcall(g)
for i = 1, 160 do
  local ok, n, x, y, z = pcall(g)
  if ok ~= ok0 or not same(n, n0) or not same(x, x0) or not same(y, y0) or not same(z, z0) then
    return false, i, n, x, y, n0, x0, y0
  end
end
return true]]
local cases, bad = 0, 0
local function try(name, f, ...)
  local n = select("#", ...)
  local args = ("a, b, c, d, e"):sub(1, math.max(0, n * 3 - 2))
  local loop = load(template:format(args, args), "=" .. name)
  cases = cases + 1
  local ok, i, got, x, y, want, x0, y0 = loop(f, same, ...)
  if not ok then
    bad = bad + 1
    print(name, "differs in round", i, got, x, y, "instead of", want, x0, y0, "arguments", ...)
  end
end
local function each(name, f, list) for _, v in ipairs(list) do try(name, f, table.unpack(v, 1, v.n or #v)) end end
local function values(...) local t = {} for i = 1, select("#", ...) do t[i] = {(select(i, ...)), n = 1} end return t end

local all = values(nil, true, false, 0, 3, -7, 1.5, -0.0, 2^53, 2^63, -2^63, 1e300, nan, inf, -inf, minint, maxint, "", "x", "10", " 0x1p4 ", "1e2z", {}, print, obj, locked)
for _, name in ipairs {"type", "tostring", "tonumber", "assert", "rawlen", "getmetatable", "ipairs", "pairs"} do
  local f = _G[name]
  if name == "tostring" then
    each(name, function(v) local s = tostring(v) return (s:gsub("0x%x+", "ADDR")) end, all)
  elseif name == "pairs" or name == "ipairs" then
    each(name, function(v) local a, b, c = f(v) return type(a), b == v, c end, all)
  else
    each(name, f, all)
  end
end
for _, name in ipairs {"abs", "floor", "ceil", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "exp", "log", "tointeger", "type", "modf"} do each("math." .. name, math[name], all) end
for _, name in ipairs {"max", "min", "fmod", "ult", "log", "atan"} do
  each("math." .. name, math[name], {{1, 2}, {2, 1}, {1.5, 2.5}, {-0.0, 0.0}, {nan, 1.0}, {1.0, nan}, {1, 2.5}, {minint, -1}, {5, 0}, {5.0, 0}, {-7, 3}, {7, -3},
    {minint, maxint}, {"3", 2}, {{}, 1}, {8, 2}, {100, 10}, {27.0, 3}, {}})
end
each("math.max3", math.max, {{1, 5, 3}, {5, 1, 3}, {1.5, 0.5, 2.5}, {3, 2, 1, 9}})
each("math.min3", math.min, {{1, 5, 3}, {5, 1, 3}, {1.5, 0.5, 2.5}, {3, 2, 1, 9}})
local s = "hello\0world, a string of more than forty characters in all"
each("byte", string.byte, {{s}, {s, 1}, {s, 6}, {s, -1}, {s, #s}, {s, #s + 1}, {s, 0}, {s, -#s}, {s, -#s - 1}, {s, 2.0}, {s, 2.5}, {"", 1}, {5}, {s, 2, 4}, {s, "3"}, {}, {s, maxint}, {s, minint}})
each("char", string.char, {{65}, {0}, {255}, {256}, {-1}, {65.0}, {"66"}, {}, {65, 66}})
each("len", string.len, {{s}, {""}, {12}, {nil, n = 1}})
each("sub", string.sub, {{s, 1}, {s, 2, 4}, {s, -3}, {s, -3, -2}, {s, 0}, {s, 5, 2}, {s, 100}, {s, -100, 3}, {s, 1, #s}, {s, 2.0, 3.0}, {s, "2"}, {s}, {s, minint, maxint}, {s, 6, 6}, {12345, 2, 3}})
each("rep", string.rep, {{"ab", 3}, {"ab", 0}, {"ab", -1}, {"ab", 3, ","}, {"", 5}, {"", 5, ","}, {"x", 100}, {"x", 1e10}, {"x", 2.5}, {"x"}})
for _, name in ipairs {"upper", "lower", "reverse"} do each(name, string[name], {{s}, {""}, {"aBc"}, {12}, {}}) end
each("find", string.find, {{s, "world"}, {s, "nothing"}, {s, ""}, {s, "o", 6}, {s, "o", #s + 1}, {s, "", #s + 1}, {s, "", #s + 2}, {s, "o", -4}, {s, "%a+"}, {s, ".", 1, true}, {s, "\0", 1, true}, {"a.b", ".", 2, true}, {12, "2"}})
each("format", string.format, {{"%d", 5}, {"%d", 5.0}, {"%d", 5.5}, {"%d", "7"}, {"%5d|%-5d|%05d", 42, 42, 42}, {"%+d", 3}, {"%x %X %o", 255, 255, 8}, {"%s", "x"}, {"%s", 12}, {"%s", 1.5},
  {"%s", nil, n = 2}, {"%s", true}, {"%s", obj}, {"%10s|", "x"}, {"%.2s", "xyz"}, {"%5.2f", 3.14159}, {"%.14g", 0.1}, {"%g", 1e20}, {"%e", 12345.678}, {"%a", 1.0}, {"%c", 65}, {"%q", "a\nb"}, {"%i", 3},
  {"%%", 1}, {"100%% of %s", "it"}, {"%.3f", 2}, {"%.0f", 0.5}, {"%.0f", 1.5}, {"%.1f", 0.25}, {"%.2f", -0.001}, {"%.2f", 1e15}, {"%.10f", 1 / 3}, {"%8.3f|", -2.5}, {"%.3f", nan}, {"%.3f", -inf}, {"%5.1f", 99.95},
  {"%-8.2f|", 1.005}, {"%08.2f|", -1.5}, {"%+.2f", 1.0}, {"% .2f", 1.0}, {"%#.0f", 3.0}, {"%.2f", 1e300}, {"%.2f", 2^53 + 0.0}, {"%.6f", 123456.789}, {"%f", 0.1},
  {"%y", 1}, {"%d"}, {"plain"}, {""}, {"%s\0%s", "a", "b"}, {"%-+ #0d", 1}, {"%123d", 1}})
each("select", select, {{"#"}, {"#", 1, nil, 3, n = 4}, {1, "a", "b"}, {2, "a", "b"}, {3, "a", "b"}, {-1, "a", "b"}, {-2, "a", "b"}, {-3, "a", "b"}, {0, "a"}, {1.0, "a"}, {"1", "a"}, {"x", "a"}})
local t = {10, 20, 30, x = 1, [1.5] = 2, [true] = 3}
each("rawget", rawget, {{t, 1}, {t, 4}, {t, "x"}, {t, "y"}, {t, 1.5}, {t, true}, {t, 2.0}, {setmetatable({}, {__index = t}), 1}, {t}, {5, 1}})
each("rawequal", rawequal, {{1, 1}, {1, 1.0}, {1.5, 1.5}, {"a", "a"}, {"a", "b"}, {t, t}, {t, {}}, {nil, nil, n = 2}, {nan, nan}, {nil, false, n = 2}, {1}, {s, s .. ""}})
each("next", next, {{t}, {t, 1}, {t, 3}, {t, "x"}, {{}}, {t, "nokey"}, {t, 1.0}, {{n = 1}, "n"}, {5}})
each("unpack", table.unpack, {{t}, {t, 2}, {t, 1, 2}, {t, 2, 5}, {t, 3, 2}, {{}}, {t, 0, 1}, {{1, nil, 3}, 1, 3}, {t, -1, 1}, {{}, 1, 1e8}})
each("concat", table.concat, {{{"a", "b", "c"}}, {{"a", "b", "c"}, ", "}, {{1, 2.5, "x"}, "-"}, {{}, ","}, {{"a", "b", "c"}, "", 2}, {{"a", "b", "c"}, "", 2, 3}, {{"a", "b"}, "", 1, 3}, {{"a", {}}}, {{"a", "b"}, 1}, {{"a"}, ",", 5, 2},
  {setmetatable({}, {__index = function(_, i) return i end, __len = function() return 3 end}), ","}})
try("setmetatable", function() local m = {} local o = setmetatable({}, m) return getmetatable(o) == m, pcall(setmetatable, locked, m) end)
try("setmetatable nil", function() local o = setmetatable({}, {__index = t}) local a = o.x setmetatable(o, nil) return a, o.x end)
try("setmetatable gc", function() return getmetatable(setmetatable({}, {__gc = function() end})) ~= nil end)
try("getmetatable string", function() return getmetatable("").__index == string end)
try("insert", function() local a = {} for i = 1, 20 do table.insert(a, i * 2) end table.insert(a, 3, "x") table.insert(a, 1, "y") return #a, a[4], a[22] end)
try("insert bad", function() table.insert({1, 2}, 5, 1) end)
try("insert many", function() table.insert({1, 2}, 1, 2, 3) end)
try("insert nil", function() local a = {1} table.insert(a, nil) return #a end)
try("remove", function() local a = {1, 2, 3, 4, 5} local x, y = table.remove(a), table.remove(a, 1) return x * 10 + y, #a, table.remove({}) end)
try("remove hole", function() local a = {1, nil, 3} table.remove(a) return a[1], a[2], a[3] end)
try("remove bad", function() table.remove({1, 2}, 7) end)
try("rawset", function() local a = setmetatable({}, {__newindex = error}) rawset(a, "k", 1) rawset(a, 1, 2) rawset(a, 2.5, 3) return a.k, a[1], a[2.5] end)
try("rawset nil", function() rawset({}, nil, 1) end)
try("rawset nan", function() rawset({}, nan, 1) end)
try("next loop", function() local n, k = 0, nil repeat k = next(t, k) n = n + 1 until k == nil return n end)
-- the loops were compiled, nearly all
local c = js.get_stats_snapshot()
print(cases, bad, c.counters.TOTAL_COMPILED_LOOPS > cases // 2, c.trace_entries > cases // 2) --> 935	0	true	true
