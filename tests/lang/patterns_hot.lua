-- Patterns: what compiled loops get is what the functions gave the first time, for patterns and subjects that are put
-- together at random, errors included.
local seed = 20
local function R(lo, hi)
  if not hi then lo, hi = 1, lo end
  seed = (seed * 16807) % 2147483647
  return lo + seed % (hi - lo + 1)
end
local function pick(t) return t[R(#t)] end
local atoms = { "a", "b", ".", "%a", "%d", "%s", "%w", "%u", "%p", "[abc]", "[^ab]", "[a-c]", "[%d_]", "[]]", "[^%s]", "%.", "%%", "-", "1", " ", "%S", "[%a-]", "[a-]", "[a-%.]", "%z", "[^]]", "\xe9" }
local reps = { "", "", "", "*", "+", "-", "?" }
local function pattern(d)
  local s = {}
  for i = 1, R(4) do
    local k = R(14)
    if k == 1 and d < 2 then s[i] = "(" .. pattern(d + 1) .. ")"
    elseif k == 2 then s[i] = "()"
    elseif k == 3 then s[i] = "%b()"
    elseif k == 4 then s[i] = "%f[%w]"
    elseif k == 5 then s[i] = "%" .. R(3)
    elseif k == 6 then s[i] = pick { "$", "^", "*", "(", ")", "[", "%" }
    else s[i] = pick(atoms) .. pick(reps) end
  end
  return table.concat(s)
end
local chars = { "a", "b", "c", "x", "1", " ", "_", "(", ")", "]", "%", ".", "-", "A", "\0", "\xe9", "\n" }
local function text(from, max)
  local s = {}
  for i = 1, R(0, max) do s[i] = pick(from) end
  return table.concat(s)
end
local function show(...)
  local t = table.pack(...)
  for i = 1, t.n do t[i] = (math.type(t[i]) or type(t[i])) .. tostring(t[i]) end
  return table.concat(t, "|")
end
local map = { a = "1", b = 2, c = false, x = 3.5, [1] = "one", [2] = true, ab = "AB" }
local functions = load [[
  local show, p, repl, init, most, map = ...
  local find, match, gsub, gmatch = string.find, string.match, string.gsub, string.gmatch
  local function f(s) return show(find(s, p)) end
  local function g(s) return show(match(s, p, init)) end
  local function h(s) return show(gsub(s, p, repl, most)) end
  local function k(s) return show(gsub(s, p, map)) end
  local function m(s) local a, b, c = find(s, p, init) return show(a, b, c) end
  local function it(s) local n = 0 for a, b in gmatch(s, p) do n = n * 3 + #show(a, b) end return n end
  return { f, g, h, k, m, it }]]
local compared, bad = 0, 0
local function compare(rounds)
  local p = (R(6) == 1 and "^" or "") .. pattern(0) .. (R(6) == 1 and "$" or "")
  local args = { show, p, text({ "<", ">", "%0", "%1", "%2", "%%", "x", "%" }, 3), R(4), R(3) == 1 and R(0, 3) or nil, map }
  local cold, hot, subjects, want = functions(table.unpack(args, 1, 6)), functions(table.unpack(args, 1, 6)), {}, {}
  for i = 1, 5 do subjects[i] = text(chars, 12) end
  for j = 1, #cold do
    want[j] = {}
    for i, s in ipairs(subjects) do want[j][i] = show(pcall(cold[j], s)) end
  end
  for _ = 1, rounds do
    for j = 1, #hot do
      for i, s in ipairs(subjects) do
        compared = compared + 1
        if show(pcall(hot[j], s)) ~= want[j][i] then
          bad = bad + 1
          if bad < 5 then print(j, ("%q %q"):format(p, s), show(pcall(hot[j], s)), want[j][i]) end
        end
      end
    end
  end
end
for _ = 1, 25 do compare(60) end
for _ = 1, 60 do compare(8) end
print(compared, bad) --> 59400	0

-- an iterator that is used in several places, left half way, and asked again when it has ended
local n = 0
for i = 1, 300 do
  for k, v in ("a=1, bb=22, c=3"):gmatch("(%w+)=(%w+)") do n = n + #k * tonumber(v) end
  for w in ("one two  three"):gmatch("%a*") do n = n + #w + 1 end
  for p in ("abc"):gmatch("()") do n = n + p end
  local it = ("x1y2z3"):gmatch("%a%d")
  n = n + #it() + #it()
  if i % 7 == 0 then n = n + (it() == "z3" and it() == nil and it() == nil and 1 or 0) end
  for a in ("^a^b"):gmatch("^a") do n = n + #a end
  for a in ("abc"):gmatch("%w", i % 5 + 1) do n = n + a:byte() end
end
print(n) --> 59142
-- the other locale's letters
local upper = 0
for i = 1, 400 do
  if i == 200 then os.setlocale("C", "ctype") end
  upper = upper + select(2, ("\xe9\xc9aZ"):gsub("%u", "%0%0"))
end
print(upper) --> 400

-- a byte that must follow: one that the repetition takes too, one that it does not, behind captures, at the end, repeated
local ends = {}
for i = 1, 300 do
  local s = i % 2 == 0 and "aab=12, b=3 =x ab" or "aa==ab aab=7="
  ends = {
    s:find("%a+="), s:find("(%a+)=(%d+)"), s:find("%a*b="), s:find("(%a*)()b"), s:find("a*()=()"), s:find(".*="), s:find("(.*)b()"),
    s:find("%a*=+x"), s:find("[ab]+a"), s:find("=*%d"), s:find("%a+[^%a]+b"), s:find("%a+$"), s:find("%s*$"), s:find("(%a-)=$"),
    s:gsub("(%a+)=", "<%1>"), s:gsub("=+(%d*)", "%1#"), s:gsub("%a+$", "!"), s:gsub("b=?", ""), s:gsub("%d", {["1"] = "one"}),
  }
  for k, w in s:gmatch("(%a+)()=") do ends[#ends + 1] = k .. w end
  for j = 1, #ends do ends[j] = tostring(ends[j]) end
  if i > 298 then print(table.concat(ends, " ")) end
end
--> 1 8 8 5 1 1 1 nil 1 11 nil nil 14 13 <aa>=ab <aab>7= aa#ab aab7## aa==ab aab=7= aa==a aa7= aa==ab aab=7= 1 aa3 aab11
--> 1 1 1 1 4 1 1 13 1 4 1 16 18 nil <aab>12, <b>3 =x ab aab12#, b3# #x ab aab=12, b=3 =x ! aa12, 3 =x a aab=one2, b=3 =x ab 3 aab4 b10
