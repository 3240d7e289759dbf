-- string.format on traces: what compiled loops get is what the library gave, for all flags, widths and precisions of the
-- conversions that traces make themselves, and such loops call no C function.
local js = require "jitstat"
js.set_param("threshold=15")
local names
js.set_compile_hook(function(loop)
  for _, op in ipairs(loop.operations) do
    local d = op.text:match("descr=(call_%a+)")
    if d and names then names[d] = (names[d] or 0) + 1 end
  end
end)
local ints = { 0, 1, -1, 9, -42, 255, 123456789, -123456789, math.maxinteger, math.mininteger, 7.0, -3.0 }
local strings = { "", "a", "abc", "hello world", ("x"):rep(99), ("y"):rep(100), ("z"):rep(300), 12, -1.5, "\xff\x01" }
local function template(spec)
  return load(([[local f, values = ...
    local out = {}
    for i = 1, #values do out[i] = f("<%s>%%s", values[i], i %% 2 == 0) end
    return out]]):format(spec), "=" .. spec)
end
local cases, bad = 0, 0
local function try(spec, values)
  local hot, list, want = template(spec), {}, {}
  for i = 1, 60 do
    list[i] = values[i % #values + 1]
    want[i] = load "local spec, v, odd = ... return string.format(spec, v, odd)" ("<" .. spec .. ">%s", list[i], i % 2 == 0) -- never hot
  end
  for _ = 1, 3 do
    local got = hot(string.format, list)
    for i = 1, 60 do
      cases = cases + 1
      if got[i] ~= want[i] then
        bad = bad + 1
        if bad < 9 then print(spec, list[i], got[i], want[i]) end
      end
    end
  end
end
for _, width in ipairs { "", "1", "5", "20", "99" } do
  for _, flag in ipairs { "", "-", "0", "-0" } do
    for _, conv in ipairs { "d", "i", "x", "X" } do
      if not (flag:find "0" and width == "") then try("%" .. flag .. width .. conv, ints) end
    end
  end
  for _, flag in ipairs { "", "-" } do
    for _, prec in ipairs { "", ".", ".0", ".2", ".99" } do try("%" .. flag .. width .. prec .. "s", strings) end
  end
end
for _, spec in ipairs { "%+d", "% 5d", "%+05i", "%#x", "%.3d", "%8.3d", "%#X", "%o", "%.0x" } do try(spec, ints) end
try("%c", { 0, 10, 65, 255, 256, -1, 97.0 })
for _, spec in ipairs { "%5.1f", "%-8.2f", "%08.3f", "%+f", "%.9f", "%.10f" } do try(spec, { 0.0, -0.0, 1.5, -2.25, 1e15, 1 / 0, 3, 1e-9 }) end
print(cases, bad) --> 24840	0

-- strings with zeros and bytes are errors where the library says so, also when the loop is compiled
local errors = 0
for i = 1, 200 do
  local ok = pcall(string.format, "%5s|%d", i % 50 == 0 and "a\0b" or "ab", i)
  if not ok then errors = errors + 1 end
end
for i = 1, 200 do if ("%s"):format("a\0b") ~= "a\0b" or (""):format(i) ~= "" then errors = errors + 100 end end
print(errors) --> 4

names = {}
local t, n = {}, 0
for i = 1, 2000 do
  t[i % 10] = ("%-10s|%5d|%8.2f|%x|%c|%s|%.2s"):format("it" .. i % 100, i, i / 4, i, 65 + i % 26, i % 2 == 0, "abc")
  n = n + #t[i % 10]
end
print(t[9], n, names.call_c, (names.call_join or 0) > 0) --> it99      | 1999|  499.75|7cf|X|false|ab	78730	nil	true
