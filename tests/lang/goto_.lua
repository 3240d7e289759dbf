-- goto: continue, retry, nested exits, loops by hand, visibility of labels, and what the compiler refuses.
local s = 0
for i = 1, 1000 do
  if i % 3 == 0 then goto continue end
  if i % 7 == 0 then s = s + 1000; goto continue end
  s = s + i
  ::continue::
end
print(s) --> 381284
local n, i = 0, 1
::top::
n = n + i
i = i + 1
if i <= 500 then goto top end
print(n) --> 125250
-- out of three loops
local found
for a = 1, 100 do
  for b = a, 100 do
    for c = b, 145 do
      if a * a + b * b == c * c and a + b + c == 240 then
        found = a .. " " .. b .. " " .. c
        goto out
      end
    end
  end
end
::out::
print(found) --> 40 96 104
-- continue of an outer loop
local kept = 0
for a = 2, 400 do
  for b = 2, a - 1 do
    if a % b == 0 then goto next_a end
    if b * b > a then break end
  end
  kept = kept + 1
  ::next_a::
end
print(kept) --> 78
-- retry with a counter
local tries = 0
for k = 1, 200 do
  local attempt = 0
  ::retry::
  attempt = attempt + 1
  tries = tries + 1
  if attempt < k % 4 then goto retry end
end
print(tries) --> 350
-- a state machine
local state, out = 0, {}
do
  local input, p = ("aabbaacab"):rep(50), 0
  ::a:: p = p + 1
  do
    local ch = input:sub(p, p)
    if ch == "a" then out[#out + 1] = "A"; goto a end
    if ch == "b" then goto b end
    if ch == "c" then goto c end
    goto done
  end
  ::b:: p = p + 1
  do
    local ch = input:sub(p, p)
    if ch == "a" then out[#out + 1] = "B"; goto a end
    if ch == "b" then goto b end
    if ch == "c" then goto c end
    goto done
  end
  ::c:: out[#out + 1] = "C"; goto a
  ::done::
end
local joined = table.concat(out)
print(#joined, joined:sub(1, 20)) --> 300	AABACABABACABABACABA
-- jumping back makes fresh locals
local fs = {}
do
  local k = 0
  ::again::
  local fresh
  fresh = (fresh or 0) + 1
  k = k + 1
  fs[k] = function() return fresh end
  if k < 300 then goto again end
end
local f = 0
for k = 1, 300 do f = f + fs[k]() end
print(f) --> 300
-- a label at the end of a block does not count the locals
for k = 1, 3 do
  if k == 2 then goto cont end
  local x = k
  io.write(x, " ")
  ::cont::
end
print() --> 1 3 
print(load "goto missing") --> nil	[string "goto missing"]:1: no visible label 'missing' for <goto> at line 1
print(load "do goto inside end do ::inside:: end") --> nil	[string "do goto inside end do ::inside:: end"]:1: no visible label 'inside' for <goto> at line 1
print(load "goto over; local x; ::over:: print(x)") --> nil	[string "goto over; local x; ::over:: print(x)"]:1: <goto over> at line 1 jumps into the scope of local 'x'
print(load "::twice:: ::twice::") --> nil	[string "::twice:: ::twice::"]:1: label 'twice' already defined on line 1
print(load "break") --> nil	[string "break"]:1: break outside loop at line 1
print(load "for i = 1, 2 do local function f() break end end") --> nil	[string "for i = 1, 2 do local function f() break end ..."]:1: break outside loop at line 1
print(type(load "::a:: do goto a end ::b::"), type(load "do goto x; local y; ::x:: ; end")) --> function	function
