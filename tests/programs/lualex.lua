-- A lexer for Lua 5.4, in Lua: names, keywords, numerals, strings with every escape, long brackets, comments,
-- operators by longest match. It reads a sample that has one of each, and a large generated program.
local N = tonumber(arg and arg[1]) or 55

local byte, sub, find, char = string.byte, string.sub, string.find, string.char

local keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then
               true until while]]):gmatch("%a+") do keywords[word] = true end

-- operators by their first byte, longest first
local operators = {}
for op in ([[ ... .. == ~= <= >= << >> // :: + - * / % ^ # & ~ | < > = ( ) { } [ ] ; : , . ]]):gmatch("%S+") do
  local first = byte(op)
  local list = operators[first] or {}
  operators[first] = list
  list[#list + 1] = op
end
for _, list in pairs(operators) do table.sort(list, function(a, b) return #a > #b or (#a == #b and a < b) end) end

local Lexer = {}
Lexer.__index = Lexer

function Lexer.new(text, name)
  return setmetatable({ text = text, name = name, pos = 1, line = 1, kind = nil, value = nil }, Lexer)
end

function Lexer:fail(what) error(string.format("%s:%d: %s", self.name, self.line, what), 0) end

function Lexer:count_lines(s)
  for _ in s:gmatch("\n") do self.line = self.line + 1 end
end

-- at a '[': the level of a long bracket, or nil
function Lexer:long_level()
  local _, stop = find(self.text, "^%[=*%[", self.pos)
  return stop and stop - self.pos - 1
end

function Lexer:long_bracket(level)
  local from = self.pos + level + 2
  local close = "]" .. ("="):rep(level) .. "]"
  local stop, stop2 = find(self.text, close, from, true)
  if not stop then self:fail("unfinished long bracket") end
  local body = sub(self.text, from, stop - 1)
  self.pos = stop2 + 1
  self:count_lines(body)
  if byte(body) == 10 then body = sub(body, 2) end
  return body
end

function Lexer:skip_blank()
  local text = self.text
  while true do
    local c = byte(text, self.pos)
    if c == 10 then
      self.line = self.line + 1
      self.pos = self.pos + 1
    elseif c == 32 or c == 9 or c == 13 then
      self.pos = self.pos + 1
    elseif c == 45 and byte(text, self.pos + 1) == 45 then
      self.pos = self.pos + 2
      local level = byte(text, self.pos) == 91 and self:long_level()
      if level then self:long_bracket(level)
      else self.pos = find(text, "\n", self.pos, true) or #text + 1 end
    else
      return c
    end
  end
end

local simple = { a = "\a", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", v = "\v", ["\\"] = "\\", ['"'] = '"', ["'"] = "'", ["\n"] = "\n" }

function Lexer:escape(parts)
  -- self.pos is just after the backslash
  local text, pos = self.text, self.pos
  local c = sub(text, pos, pos)
  if simple[c] then
    if c == "\n" then self.line = self.line + 1 end
    parts[#parts + 1] = simple[c]
    self.pos = pos + 1
  elseif c == "x" then
    local hex = text:match("^%x%x", pos + 1) or self:fail("hexadecimal digit expected")
    parts[#parts + 1] = char(tonumber(hex, 16))
    self.pos = pos + 3
  elseif c == "z" then
    local blank = text:match("^%s*", pos + 1)
    self:count_lines(blank)
    self.pos = pos + 1 + #blank
  elseif c == "u" then
    local hex, after = text:match("^{(%x+)}()", pos + 1)
    if not hex then self:fail("bad \\u escape") end
    parts[#parts + 1] = utf8 and utf8.char(tonumber(hex, 16)) or hex
    self.pos = after
  else
    local digits = text:match("^%d%d?%d?", pos)
    if not digits then self:fail("invalid escape sequence") end
    if tonumber(digits) > 255 then self:fail("decimal escape too large") end
    parts[#parts + 1] = char(tonumber(digits))
    self.pos = pos + #digits
  end
end

function Lexer:short_string(quote)
  local text = self.text
  local stops = "[\\\n" .. char(quote) .. "]"
  local parts = {}
  self.pos = self.pos + 1
  while true do
    local at = find(text, stops, self.pos)
    if not at then self:fail("unfinished string") end
    parts[#parts + 1] = sub(text, self.pos, at - 1)
    local c = byte(text, at)
    self.pos = at + 1
    if c == quote then return table.concat(parts) end
    if c == 10 then self:fail("unfinished string") end
    self:escape(parts)
  end
end

function Lexer:numeral()
  local text, pos = self.text, self.pos
  local _, stop
  if find(text, "^0[xX]", pos) then
    _, stop = find(text, "^0[xX][%x.]*", pos)
    local _, exponent = find(text, "^[pP][+-]?%d+", stop + 1)
    stop = exponent or stop
  else
    _, stop = find(text, "^[%d.]+", pos)
    local _, exponent = find(text, "^[eE][+-]?%d+", stop + 1)
    stop = exponent or stop
  end
  local spelled = sub(text, pos, stop)
  local value = tonumber(spelled)
  if not value or find(text, "^[%w_]", stop + 1) then self:fail("malformed number near " .. spelled) end
  self.pos = stop + 1
  return value
end

function Lexer:next()
  local c = self:skip_blank()
  local text, pos = self.text, self.pos
  if not c then self.kind, self.value = "eof", nil
  elseif (c >= 97 and c <= 122) or (c >= 65 and c <= 90) or c == 95 then
    local _, stop = find(text, "^[%w_]+", pos)
    local word = sub(text, pos, stop)
    self.pos = stop + 1
    self.kind, self.value = keywords[word] and "keyword" or "name", word
  elseif c >= 48 and c <= 57 or (c == 46 and find(text, "^%d", pos + 1)) then
    self.kind, self.value = "number", self:numeral()
  elseif c == 34 or c == 39 then
    self.kind, self.value = "string", self:short_string(c)
  else
    local level = c == 91 and self:long_level()
    if level then
      self.kind, self.value = "string", self:long_bracket(level)
      return self.kind, self.value
    end
    local list = operators[c]
    if list then
      for i = 1, #list do
        local op = list[i]
        if sub(text, pos, pos + #op - 1) == op then
          self.pos = pos + #op
          self.kind, self.value = "op", op
          return "op", op
        end
      end
    end
    self:fail("unexpected symbol near " .. string.format("%q", char(c)))
  end
  return self.kind, self.value
end

---------------------------------------------------------------- the sample
local sample = [==[
#
-- a comment
local x <const> = 0x1F + 3.5e-2 --[[ long
comment ]] .. "a\65\x42\n\z
   end" --[=[ another ]] ]=]
goto done ::done:: t[ [[k]] ] = {...; a=1} if x ~= y // 2 >> 1 then return '\u{48}' end
]==]
local lexer = Lexer.new(sample, "sample")
local out = {}
repeat
  local kind, value = lexer:next()
  out[#out + 1] = kind == "op" and value or kind == "eof" and "eof@" .. lexer.line
    or kind:sub(1, 1) .. ":" .. tostring(value):gsub("%c", "?")
until kind == "eof"
print(table.concat(out, " "))
for _, bad in ipairs { "x = 'abc", "x = [[abc", 'x = "\\q"', "x = 3in", "\n\nx = @", 'x = "\\300"', "'\\xg'" } do
  local l = Lexer.new(bad, "bad")
  print((select(2, pcall(function() repeat local kind = l:next() until kind == "eof" end))))
end

---------------------------------------------------------------- a large program
local function generate(count)
  local lines = {}
  for i = 1, count do
    lines[#lines + 1] = ("local function f%d(a, b) -- function number %d"):format(i, i)
    lines[#lines + 1] = ("  if a <= %d and b ~= 'x%d' then return a * %d.5 + 0x%x end"):format(i, i, i, i)
    lines[#lines + 1] = ("  local t = { a, b, [%q] = \"esc\\n%d\\t\", k%d = [[long]] }"):format("key" .. i, i, i)
    lines[#lines + 1] = "  for i, v in ipairs(t) do t[i] = v .. '' ; t.n = (t.n or 0) + #t end"
    lines[#lines + 1] = "  --[[ block ]] return t, f" .. (i > 1 and i - 1 or 1) .. ", 1e3, .5, ...\nend"
  end
  return table.concat(lines, "\n")
end

local source = generate(40)
local counts, sum = { keyword = 0, name = 0, number = 0, string = 0, op = 0, eof = 0 }, 0
for round = 1, N do
  local l = Lexer.new(source, "generated")
  repeat
    local kind, value = l:next()
    counts[kind] = counts[kind] + 1
    if kind == "number" then sum = sum + value
    elseif kind ~= "eof" then sum = sum + #value end
  until kind == "eof"
  assert(l.line == 240)
end
print(string.format("keyword %d name %d number %d string %d op %d eof %d sum %.1f", counts.keyword, counts.name,
  counts.number, counts.string, counts.op, counts.eof, sum))
