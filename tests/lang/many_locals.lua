-- Two hundred locals, many upvalues, long parameter lists, big constant tables and wide constructors.
local names, inits, sums = {}, {}, {}
for i = 1, 199 do names[i] = "v" .. i; inits[i] = tostring(i); sums[i] = "v" .. i .. " = v" .. i .. " + i" end
local f = load("local " .. table.concat(names, ", ") .. " = " .. table.concat(inits, ", ") ..
  "\nfor i = 1, 1 do end local n = 0 return " .. table.concat(names, " + "))
print(f == nil, select(2, load("local a0, " .. table.concat(names, ", ") .. ", b, c"))) --> true	[string "local a0, v1, v2, v3, v4, v5, v6, v7, v8, v9,..."]:1: too many local variables (limit is 200) in main function near ','
local g = load("local " .. table.concat(names, ", ", 1, 150) .. " = " .. table.concat(inits, ", ", 1, 150) ..
  "\nfor i = 1, 400 do " .. table.concat(sums, " ", 1, 150) .. " end return " .. table.concat(names, " + ", 1, 150) .. ", v1, v75, v150")
print(g()) --> 12041325	80201	80275	80350
-- floats and integers mixed, all alive across a branch
local mixed = {}
for i = 1, 120 do mixed[i] = i % 2 == 0 and "v" .. i .. " = v" .. i .. " * 1.0" or "v" .. i .. " = v" .. i .. " ~ i" end
local h = load("local " .. table.concat(names, ", ", 1, 120) .. " = " .. table.concat(inits, ", ", 1, 120) ..
  "\nfor i = 1, 500 do " .. table.concat(mixed, " ") .. " if i % 100 == 0 then v1 = v1 + v120 // 1 | 0 end end return " .. table.concat(names, " + ", 1, 120))
print(h()) --> 30836.0
-- a function with many parameters, called in a loop
local params = load("return function(" .. table.concat(names, ", ", 1, 100) .. ") return v1 + v50 * v100, v99 end")()
local args = {}
for i = 1, 100 do args[i] = i end
local s = 0
for i = 1, 300 do
  args[1] = i
  local a, b = params(table.unpack(args))
  s = s + a + b
end
print(s) --> 1574850
-- sixty upvalues
local ups = load("local " .. table.concat(names, ", ", 1, 60) .. " = " .. table.concat(inits, ", ", 1, 60) ..
  "\nreturn function(i) " .. table.concat(sums, " ", 1, 60) .. " return " .. table.concat(names, " + ", 1, 60) .. " end")()
local u
for i = 1, 300 do u = ups(i) end
print(u) --> 2710830
print((select(2, load("local a; " .. ("do local x end "):rep(10) .. "return function() return " .. ("a,"):rep(300) .. "a end")))) --> [string "local a; do local x end do local x end do loc..."]:1: function or expression needs too many registers near 'a'
-- more constants than a byte or two can number
local consts = {}
for i = 1, 700 do consts[i] = ("t.k%d = (t.k%d or 0) + %d.5"):format(i % 300, i % 300, i) end
local k = load("local t = {} for r = 1, 20 do " .. table.concat(consts, " ") .. " end return t.k0, t.k1, t.k150, t.k299")
print(k()) --> 18020.0	18090.0	12020.0	17980.0
local strings = {}
for i = 1, 1000 do strings[i] = ("%q"):format("string number " .. i) end
local list = load("return {" .. table.concat(strings, ",") .. "}")()
print(#list, list[1], list[500], list[1000]) --> 1000	string number 1	string number 500	string number 1000
local numbers = {}
for i = 1, 3000 do numbers[i] = i * 1000003 % 65537 .. (i % 3 == 0 and ".25" or "") end
local big = load("local t = {" .. table.concat(numbers, ",") .. "} local s = 0 for i = 1, #t do s = s + t[i] end return #t, s")
print(big()) --> 3000	98368198.0
local fields = {}
for i = 1, 400 do fields[i] = "f" .. i .. "=" .. i end
local rec = load("return {" .. table.concat(fields, ";") .. "}")()
local fs = 0
for i = 1, 400 do fs = fs + rec["f" .. i] end
print(fs) --> 80200
-- a long straight function: jumps over more than a short displacement
local long = {}
for i = 1, 600 do long[i] = ("if x == %d then s = s + %d elseif x > %d then s = s + 1 end"):format(i, i * 10, i + 500) end
local lf = load("local x = ... local s = 0 " .. table.concat(long, " ") .. " return s")
local ls = 0
for i = 1, 700, 7 do ls = ls + lf(i) end
print(ls) --> 259468
-- the arguments and results of calls through the stack's growth
local function spread(n) local t = {}; for i = 1, n do t[i] = i end return table.unpack(t) end
local total = 0
for n = 0, 240, 8 do total = total + select("#", spread(n)) + #{ spread(n) } end
print(total) --> 7440
