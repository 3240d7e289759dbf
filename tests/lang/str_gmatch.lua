-- string.gmatch: captures, positions, empty matches, anchors, a start position, nesting, early exits.
local words = {}
for w in ("one two three"):gmatch("%a+") do words[#words + 1] = w end
print(#words, table.concat(words, "|")) --> 3	one|two|three
local pairs_ = {}
for k, v in ("a=1, b=2, c=3"):gmatch("(%w+)=(%w+)") do pairs_[#pairs_ + 1] = v .. k end
print(table.concat(pairs_, " ")) --> 1a 2b 3c
local positions = {}
for p in ("abc"):gmatch("()") do positions[#positions + 1] = p end
print(table.concat(positions, " ")) --> 1 2 3 4
local stars = {}
for m in ("aXbbX"):gmatch("[ab]*") do stars[#stars + 1] = "<" .. m .. ">" end
print(table.concat(stars)) --> <a><bb><>
local anchored = 0
for _ in ("hello hello"):gmatch("^hello") do anchored = anchored + 1 end
print(anchored) --> 0
for w in ("one two three"):gmatch("%a+", 5) do io.write(w, ";") end
for w in ("one two three"):gmatch("%a+", -5) do io.write(w, ";") end
print() --> two;three;three;

local total, text = 0, ("alpha=12 beta=345 "):rep(20)
for round = 1, 30 do
  for k, v in text:gmatch("(%a+)=(%d+)") do total = total + #k * tonumber(v) end
end
print(total) --> 864000
-- two iterators over the same string, and loops that leave early
local n = 0
for round = 1, 100 do
  for a in ("a b c d"):gmatch("%a") do
    for b in ("1 2 3"):gmatch("%d") do
      n = n + tonumber(b)
      if a == "c" and b == "2" then break end
    end
    if a == "c" then break end
  end
end
print(n) --> 1500
-- as a lexer
local kinds = { number = 0, name = 0, other = 0 }
for round = 1, 20 do
  for token in ("local x1 = 34 + foo(bar, 5) * 0x1F"):gmatch("[%w_]+") do
    if token:find("^%d") then kinds.number = kinds.number + 1
    elseif token:find("^%a") then kinds.name = kinds.name + 1
    else kinds.other = kinds.other + 1 end
  end
end
print(kinds.number, kinds.name, kinds.other) --> 60	80	0
-- lines, with and without a final newline
local lines = 0
for i = 1, 200 do
  for line in ("first\nsecond\n\nlast"):gmatch("([^\n]*)\n?") do lines = lines + 1 + #line end
end
print(lines) --> 3800
print((pcall(string.gmatch, "x", "("))) --> true
print(pcall(function() for _ in ("x"):gmatch("(") do end end)) --> false	str_gmatch.lua:55: unfinished capture
