-- Long if-elseif chains, dispatch by comparison, by table and by string, in an interpreter for a tiny machine.
local function classify(n)
  if n == 1 then return "one" elseif n == 2 then return "two" elseif n == 3 then return "three" elseif n == 4 then return "four"
  elseif n == 5 then return "five" elseif n == 6 then return "six" elseif n == 7 then return "seven" elseif n == 8 then return "eight"
  elseif n == 9 then return "nine" elseif n == 10 then return "ten" elseif n < 0 then return "minus" elseif n > 100 then return "huge"
  elseif n % 2 == 0 then return "even" else return "odd" end
end
local counts = {}
for i = -50, 600 do local k = classify(i % 120 - 5); counts[k] = (counts[k] or 0) + 1 end
local keys = {}
for k in pairs(counts) do keys[#keys + 1] = k end
table.sort(keys)
for i, k in ipairs(keys) do keys[i] = k .. "=" .. counts[k] end
print(table.concat(keys, " ")) --> eight=5 even=248 five=5 four=5 huge=84 minus=26 nine=5 odd=243 one=5 seven=5 six=5 ten=5 three=5 two=5
-- a machine with twenty operations
local prog = {}
local seed = 5
for i = 1, 101 do seed = seed * 16807 % 2147483647; prog[i] = seed % 20 end
local function run(steps)
  local a, b, c, pc, stack, sp, h = 1, 2, 3, 1, {}, 0, 0
  for _ = 1, steps do
    local op = prog[pc]
    if op == 0 then a = a + b elseif op == 1 then a = a - b elseif op == 2 then b = b + c elseif op == 3 then b = b ~ a
    elseif op == 4 then c = (c * 3 + a) & 0xffff elseif op == 5 then a, b = b, a elseif op == 6 then b, c = c, b
    elseif op == 7 then if a > b then pc = pc + 1 end elseif op == 8 then if c & 1 == 0 then pc = pc + 2 end
    elseif op == 9 then sp = sp + 1; stack[sp] = a elseif op == 10 then if sp > 0 then a = stack[sp]; sp = sp - 1 end
    elseif op == 11 then a = a & 0xfff elseif op == 12 then b = b % 1009 elseif op == 13 then c = -c elseif op == 14 then a = a << 1 & 0xffffff
    elseif op == 15 then b = b // 3 elseif op == 16 then c = c | 5 elseif op == 17 then a = a * b % 65521 elseif op == 18 then pc = pc - 1 + (a & 3)
    else c = c + 1 end
    pc = pc % #prog + 1
    h = (h * 31 + (a ~ b ~ c)) & 0xffffffff
    if a == 0 then a = h & 0xff end
  end
  return a, b, c, pc, sp, h
end
print(run(20000)) --> 3416	38680	-28951	67	4	3217301689
-- the same by a table of functions
local st
local ops = {
  [0] = function() st.a = st.a + st.b end, function() st.a = st.a - st.b end, function() st.b = (st.b + st.c) & 0xffff end, function() st.b = st.b ~ st.a & 0xff end,
  function() st.a, st.b = st.b, st.a end, function() st.c = st.c + 1 end, function() st.a = st.a & 0xfff end,
}
st = { a = 1, b = 2, c = 3 }
for i = 1, 5000 do ops[prog[i % #prog + 1] % 7]() end
print(st.a, st.b, st.c) --> 3826	3999	648
-- string dispatch
local words = { "push", "pop", "add", "dup", "swap", "drop", "nop" }
local stack, hist = { 1, 2 }, {}
for i = 1, 3000 do
  local w = words[prog[i % #prog + 1] % 7 + 1]
  if w == "push" then stack[#stack + 1] = i & 7
  elseif w == "pop" or w == "drop" then if #stack > 2 then stack[#stack] = nil end
  elseif w == "add" then local n = #stack; stack[n - 1] = (stack[n - 1] + stack[n]) & 0xff; if n > 2 then stack[n] = nil end
  elseif w == "dup" then if #stack < 50 then stack[#stack + 1] = stack[#stack] end
  elseif w == "swap" then local n = #stack; stack[n], stack[n - 1] = stack[n - 1], stack[n] end
  hist[w] = (hist[w] or 0) + 1
end
print(#stack, stack[1], stack[2], stack[#stack], hist.push, hist.nop) --> 2	161	166	166	415	416
-- ranges by binary decisions
local function bucket(x)
  if x < 32 then if x < 16 then if x < 8 then return 1 else return 2 end else if x < 24 then return 3 else return 4 end end
  else if x < 48 then if x < 40 then return 5 else return 6 end else if x < 56 then return 7 else return 8 end end end
end
local b = { 0, 0, 0, 0, 0, 0, 0, 0 }
for i = 0, 3000 do local k = bucket(i * 37 % 64); b[k] = b[k] + 1 end
print(table.concat(b, " ")) --> 375 376 375 375 375 375 375 375
-- fizzbuzz, as everybody writes it
local fb = {}
for i = 1, 600 do
  if i % 15 == 0 then fb[i] = "FizzBuzz" elseif i % 3 == 0 then fb[i] = "Fizz" elseif i % 5 == 0 then fb[i] = "Buzz" else fb[i] = i end
end
print(table.concat(fb, " ", 1, 15), #table.concat(fb)) --> 1 2 Fizz 4 Buzz Fizz 7 8 Fizz Buzz 11 Fizz 13 14 FizzBuzz	2182
