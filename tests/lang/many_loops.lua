-- Hundreds of distinct loops, functions made by load again and again, loops started from many places, very long bodies.
local total = 0
for k = 1, 250 do
  local f = load(("local n = ... local s = 0 for i = 1, n do s = s + i * %d %s end return s"):format(k, k % 3 == 0 and "if i % 7 == 0 then s = s - 1 end" or k % 3 == 1 and "s = s ~ i" or ""))
  total = total + f(300)
end
print(total) --> 1416474200
-- the same source loaded many times: other prototypes each time
local s = 0
for k = 1, 200 do s = s + load("local s = 0 for i = 1, 200 do s = s + i end return s")() end
print(s) --> 4020000
-- closures of one prototype, loops inside
local fs = {}
for k = 1, 100 do fs[k] = function(n) local t = k; for i = 1, n do t = t + i * k end return t end end
local c = 0
for round = 1, 5 do for k = 1, 100 do c = c + fs[k](60) end end
print(c) --> 46232750
-- a body of a thousand statements
local body = {}
for i = 1, 1000 do body[i] = ("a = a + i * %d b = b ~ (a & %d)"):format(i % 13, i * 7 % 255) end
local long = load("local n = ... local a, b = 0, 0 for i = 1, n do " .. table.concat(body, " ") .. " end return a, b")
print(long(300)) --> 271170900	152
-- the same with branches in every statement
for i = 1, 300 do body[i] = ("if (i + %d) %% %d == 0 then a = a + %d else b = b + a %% 7 end"):format(i, i % 5 + 2, i) end
local branchy = load("local n = ... local a, b = 0, 0 for i = 1, n do " .. table.concat(body, " ", 1, 300) .. " end return a, b")
print(branchy(400)) --> 5243400	255268
-- calls in long bodies
for i = 1, 200 do body[i] = ("a = f(a, %d)"):format(i) end
local callsy = load("local n, f = ... local a = 0 for i = 1, n do " .. table.concat(body, " ", 1, 200) .. " end return a")
print(callsy(200, function(x, k) return (x * 3 + k) % 1000003 end)) --> 559580
-- one function whose loop is entered from a hundred call sites
local function work(x, n) for i = 1, n do x = (x * 5 + i) % 65521 end return x end
local sites = {}
for i = 1, 100 do sites[i] = ("x = w(x, %d)"):format(i % 9) end
local all = load("local w, x = ... for r = 1, 20 do " .. table.concat(sites, " ") .. " end return x")
print(all(work, 1)) --> 1278
-- loops that become garbage while others run
local kept, sum = {}, 0
for k = 1, 300 do
  local f = load("local t, n = ... for i = 1, n do t[i % 5 + 1] = (t[i % 5 + 1] or 0) + i end return t[1]")
  sum = sum + f({}, 100)
  if k % 50 == 0 then kept[#kept + 1] = f; collectgarbage() end
end
for _, f in ipairs(kept) do sum = sum + f({}, 500) end
print(sum) --> 466500
-- a loop over every prefix of a list of functions
local list = {}
for i = 1, 30 do list[i] = load(("return function(x) return x + %d end"):format(i))() end
local p = 0
for n = 1, 30 do for r = 1, 20 do for i = 1, n do p = list[i](p) & 0xfffff end end end
print(p) --> 99200
-- a while loop whose condition is a long chain
local conds = {}
for i = 1, 60 do conds[i] = "x % " .. (i + 60) .. " ~= 1" end
local search = load("local x = ... local n = 0 while (" .. table.concat(conds, " and ") .. ") and n < 2000 do x = x + 1 n = n + 1 end return x, n")
local xs, ns = 0, 0
for i = 1, 200 do local x, n = search(i * 120); xs = xs + x; ns = ns + n end
print(xs, ns) --> 2412165	165
