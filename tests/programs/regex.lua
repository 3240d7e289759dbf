-- A regular-expression engine: parser to syntax tree, Thompson construction, simulation by state sets,
-- a lazily built DFA, and a backtracking matcher with captures; the three must agree on every input.
local N = tonumber(arg and arg[1]) or 45

local byte, sub, char = string.byte, string.sub, string.char

---------------------------------------------------------------- parser: alternation, concatenation, * + ? and lazy forms, classes, groups, anchors
local Parser = {}
Parser.__index = Parser

local function set_of(f)
  local s = {}
  for c = 0, 255 do s[c] = f(c) end
  return s
end

local class_escapes = {
  d = set_of(function(c) return c >= 48 and c <= 57 end),
  w = set_of(function(c) return c >= 48 and c <= 57 or c >= 65 and c <= 90 or c >= 97 and c <= 122 or c == 95 end),
  s = set_of(function(c) return c == 32 or c >= 9 and c <= 13 end),
}
local any = set_of(function(c) return c ~= 10 end)

function Parser.parse(text)
  local self = setmetatable({ text = text, pos = 1, groups = 0 }, Parser)
  local tree = self:alternation()
  if self.pos <= #text then error("unexpected ) at " .. self.pos, 0) end
  return tree, self.groups
end

function Parser:peek() return sub(self.text, self.pos, self.pos) end

function Parser:accept(c)
  if self:peek() == c then self.pos = self.pos + 1; return true end
  return false
end

function Parser:alternation()
  local left = self:sequence()
  while self:accept("|") do left = { kind = "or", left, self:sequence() } end
  return left
end

function Parser:sequence()
  local items = {}
  while self.pos <= #self.text and self:peek() ~= "|" and self:peek() ~= ")" do items[#items + 1] = self:repeated() end
  if #items == 1 then return items[1] end
  items.kind = "seq"
  return items
end

function Parser:repeated()
  local item = self:atom()
  while true do
    local c = self:peek()
    if c == "" or not ("*+?"):find(c, 1, true) then return item end
    self.pos = self.pos + 1
    item = { kind = c, item, lazy = self:accept("?") }
  end
end

function Parser:atom()
  local c = self:peek()
  self.pos = self.pos + 1
  if c == "(" then
    self.groups = self.groups + 1
    local index = self.groups
    local inner = self:alternation()
    if not self:accept(")") then error("missing )", 0) end
    return { kind = "group", inner, index = index }
  elseif c == "[" then
    return { kind = "set", set = self:class() }
  elseif c == "." then
    return { kind = "set", set = any }
  elseif c == "^" or c == "$" then
    return { kind = c }
  elseif c == "*" or c == "+" or c == "?" then
    error("nothing to repeat at " .. self.pos - 1, 0)
  elseif c == "\\" then
    local e = self:peek()
    self.pos = self.pos + 1
    if class_escapes[e] then return { kind = "set", set = class_escapes[e] } end
    c = e == "n" and "\n" or e
  end
  return { kind = "char", byte = byte(c) }
end

function Parser:class()
  local negated, set, first = self:accept("^"), {}, true
  for i = 0, 255 do set[i] = false end
  while true do
    local c = self:peek()
    if c == "" then error("missing ]", 0) end
    self.pos = self.pos + 1
    if c == "]" and not first then break end
    first = false
    local from = byte(c)
    if c == "\\" then
      local e = self:peek()
      self.pos = self.pos + 1
      if class_escapes[e] then
        for i = 0, 255 do set[i] = set[i] or class_escapes[e][i] end
        from = nil
      else
        from = byte(e)
      end
    end
    if from then
      local to = from
      if self:peek() == "-" and sub(self.text, self.pos + 1, self.pos + 1) ~= "]" then
        to = byte(self.text, self.pos + 1)
        self.pos = self.pos + 2
      end
      for i = from, to do set[i] = true end
    end
  end
  if negated then for i = 0, 255 do set[i] = not set[i] end end
  return set
end

---------------------------------------------------------------- program: instructions with targets
local function compile(tree, groups)
  local code = {}
  local function emit(op)
    code[#code + 1] = op
    return op, #code
  end
  local function gen(node)
    local k = node.kind
    if k == "char" then emit { op = "char", byte = node.byte }
    elseif k == "set" then emit { op = "set", set = node.set }
    elseif k == "^" or k == "$" then emit { op = k }
    elseif k == "seq" then for i = 1, #node do gen(node[i]) end
    elseif k == "group" then
      emit { op = "save", slot = 2 * node.index }
      gen(node[1])
      emit { op = "save", slot = 2 * node.index + 1 }
    elseif k == "or" then
      local split, at = emit { op = "split" }
      split.x = at + 1
      gen(node[1])
      local jump = emit { op = "jump" }
      split.y = #code + 1
      gen(node[2])
      jump.x = #code + 1
    else
      local split, at
      if k ~= "+" then split, at = emit { op = "split" } end
      local start = #code + 1
      gen(node[1])
      if k == "+" then split, at = emit { op = "split" }
      elseif k == "*" then emit { op = "jump", x = at } end
      local enter, leave = start, #code + 1
      if node.lazy then enter, leave = leave, enter end
      split.x, split.y = enter, leave
    end
  end
  emit { op = "save", slot = 0 }
  gen(tree)
  emit { op = "save", slot = 1 }
  emit { op = "match" }
  return code, groups
end

---------------------------------------------------------------- matcher 1: backtracking with captures, an explicit stack and a visited set
local function backtrack(code, text, start)
  local visited, size = {}, #text + 2
  local stack, n = { 1, start, false }, 3
  local slots = {}
  while n > 0 do
    local pc, pos, undo = stack[n - 2], stack[n - 1], stack[n]
    n = n - 3
    if undo then
      slots[pc] = pos or nil
    else
      while true do
        local key = pc * size + pos
        if visited[key] then break end
        visited[key] = true
        local i = code[pc]
        local op = i.op
        if op == "char" then
          if byte(text, pos) ~= i.byte then break end
          pc, pos = pc + 1, pos + 1
        elseif op == "set" then
          local c = byte(text, pos)
          if not c or not i.set[c] then break end
          pc, pos = pc + 1, pos + 1
        elseif op == "split" then
          stack[n + 1], stack[n + 2], stack[n + 3] = i.y, pos, false
          n = n + 3
          pc = i.x
        elseif op == "jump" then
          pc = i.x
        elseif op == "save" then
          stack[n + 1], stack[n + 2], stack[n + 3] = i.slot, slots[i.slot] or false, true
          n = n + 3
          slots[i.slot] = pos
          pc = pc + 1
        elseif op == "^" then
          if pos ~= 1 then break end
          pc = pc + 1
        elseif op == "$" then
          if pos ~= #text + 1 then break end
          pc = pc + 1
        else
          return slots
        end
      end
    end
  end
  return nil
end

---------------------------------------------------------------- matcher 2: state sets; says only whether there is a match
local function closure(code, list, on, pc, pos, size)
  if on[pc] then return end
  on[pc] = true
  local i = code[pc]
  local op = i.op
  if op == "jump" then closure(code, list, on, i.x, pos, size)
  elseif op == "split" then
    closure(code, list, on, i.x, pos, size)
    closure(code, list, on, i.y, pos, size)
  elseif op == "save" then closure(code, list, on, pc + 1, pos, size)
  elseif op == "^" then if pos == 1 then closure(code, list, on, pc + 1, pos, size) end
  elseif op == "$" then if pos == size + 1 then closure(code, list, on, pc + 1, pos, size) end
  else list[#list + 1] = pc end
end

local function simulate(code, text)
  local size, list = #text, {}
  for pos = 1, size + 1 do
    local on = {}
    local closed = {}
    for j = 1, #list do closure(code, closed, on, list[j], pos, size) end
    closure(code, closed, on, 1, pos, size)
    local c, following = byte(text, pos), {}
    for j = 1, #closed do
      local i = code[closed[j]]
      if i.op == "match" then return true end
      if c and (i.byte == c or (i.set and i.set[c])) then following[#following + 1] = closed[j] + 1 end
    end
    list = following
  end
  return false
end

---------------------------------------------------------------- matcher 3: a DFA made on demand (programs without anchors)
local function new_dfa(code)
  local states, count = {}, 0
  local function state_of(list)
    local on, closed = {}, {}
    for j = 1, #list do closure(code, closed, on, list[j], 0, -2) end
    closure(code, closed, on, 1, 0, -2)
    table.sort(closed)
    local key = table.concat(closed, ",")
    local s = states[key]
    if not s then
      count = count + 1
      s = { list = closed, final = false, id = count }
      for j = 1, #closed do if code[closed[j]].op == "match" then s.final = true end end
      states[key] = s
    end
    return s
  end
  local start = state_of({})
  return function(text)
    local s = start
    for pos = 1, #text do
      if s.final then return true end
      local c = byte(text, pos)
      local following = s[c]
      if not following then
        local list = {}
        for j = 1, #s.list do
          local i = code[s.list[j]]
          if i.byte == c or (i.set and i.set[c]) then list[#list + 1] = s.list[j] + 1 end
        end
        following = state_of(list)
        s[c] = following
      end
      s = following
    end
    return s.final
  end, function() return count end
end

---------------------------------------------------------------- interface
local Regex = {}
Regex.__index = Regex

local function regex(pattern)
  local tree, groups = Parser.parse(pattern)
  local self = setmetatable({ pattern = pattern, code = compile(tree, groups), groups = groups }, Regex)
  if not pattern:find("[%^$]") then self.dfa, self.dfa_size = new_dfa(self.code) end
  return self
end

function Regex:find(text, init)
  for start = init or 1, #text + 1 do
    local slots = backtrack(self.code, text, start)
    if slots then return slots end
  end
end

function Regex:replace(text, f)
  local out, pos, count = {}, 1, 0
  while pos <= #text do
    local m = self:find(text, pos)
    if not m then break end
    out[#out + 1] = sub(text, pos, m[0] - 1)
    local captures = {}
    for g = 1, self.groups do captures[g] = m[2 * g] and m[2 * g + 1] and sub(text, m[2 * g], m[2 * g + 1] - 1) or "" end
    out[#out + 1] = f(sub(text, m[0], m[1] - 1), captures)
    count = count + 1
    if m[1] == m[0] then out[#out + 1] = sub(text, m[0], m[0]); pos = m[0] + 1 else pos = m[1] end
  end
  out[#out + 1] = sub(text, pos)
  return table.concat(out), count
end

---------------------------------------------------------------- work
for _, t in ipairs {
  { "a(b|c)*d", "xxabcbcdyy" }, { "(\\w+)@(\\w+)\\.com", "mail bob@example.com now" }, { "^(a+?)(a*)$", "aaaa" },
  { "[^\\s,]+", "  , word," }, { "x*", "aaa" }, { "(a|ab)(c|bcd)", "abcd" }, { "colou?r", "the color" }, { "b$", "abab" },
  { "[a-c-]+", "zz-ab-c" }, { "no", "yes" } } do
  local r = regex(t[1])
  local m = r:find(t[2])
  local out = {}
  if m then
    out[1] = sub(t[2], m[0], m[1] - 1)
    for g = 1, r.groups do out[g + 1] = m[2 * g + 1] and sub(t[2], m[2 * g], m[2 * g + 1] - 1) or "-" end
  end
  print(t[1], m and m[0] or "none", table.concat(out, "|"), simulate(r.code, t[2]), r.dfa and r.dfa(t[2]))
end
for _, bad in ipairs { "(a", "a)", "*a", "[a", "a|*" } do print(bad, pcall(regex, bad)) end
print(regex("(\\d+)-(\\d+)"):replace("from 10-20 to 7-9, 5", function(all, c) return c[2] .. ":" .. c[1] end))

local seed = 3
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n + 1
end

local patterns = { "(a|b)*abb", "a.c", "[ab]+c(a|c)?b", "(ab|ba)+c", "c(a*b)*c", "^a.*c$", "(a|aa)+b", "b[^b]b" }
local compiled, hits, total = {}, 0, 0
for i, p in ipairs(patterns) do compiled[i] = regex(p) end
for round = 1, N do
  for i, r in ipairs(compiled) do
    for _ = 1, 12 do
      local letters = {}
      for k = 1, random(24) do letters[k] = char(96 + random(3)) end
      local text = table.concat(letters)
      local m = r:find(text)
      local found = m ~= nil
      assert(simulate(r.code, text) == found, r.pattern)
      assert(not r.dfa or r.dfa(text) == found, r.pattern)
      if found then
        hits = hits + 1
        total = (total * 31 + m[0] * 64 + m[1] + i) % 1000003
      end
    end
  end
end
for i, r in ipairs(compiled) do if r.dfa then total = (total + r.dfa_size() * i) % 1000003 end end
print("hits", hits, "total", total)
