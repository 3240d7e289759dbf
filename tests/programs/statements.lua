-- A language of statements: a lexer of anchored patterns, a parser by precedence, and an evaluator that
-- dispatches on a node's kind through a table of functions.
local N = tonumber(arg and arg[1]) or 1200
local src = [[
x = 1 + 2 * (3 - 4) ; y = x * x - 10 / (2 + 3)
z = max(x, y, 7) + min(1, 2) ; name = "hello world" .. "!" -- comment
if x < y then w = 1 else w = 2 end
while x < 20 do x = x + 3 end
print_len(name) ; q = (x + y) * (z - w) ^ 2 % 17
]]
local function lex(s)
  local toks, i = {}, 1
  while true do
    i = s:find("%S", i)
    if not i then break end
    local a, b, m = s:find("^([%a_][%w_]*)", i)
    if a then
      toks[#toks+1] = {t="id", v=m}
    else
      a, b, m = s:find("^(%d+%.?%d*)", i)
      if a then
        toks[#toks+1] = {t="num", v=tonumber(m)}
      else
        a, b, m = s:find('^"([^"]*)"', i)
        if a then
          toks[#toks+1] = {t="str", v=m}
        elseif s:match("^%-%-", i) then
          a, b = s:find("[^\n]*", i)
        else
          a, b, m = s:find("^(%.%.)", i)
          if not a then a, b, m = i, i, s:sub(i, i) end
          toks[#toks+1] = {t="op", v=m}
        end
      end
    end
    i = b + 1
  end
  toks[#toks+1] = {t="eof", v="<eof>"}
  return toks
end

local prec = {["<"]=1, [".."]=2, ["+"]=3, ["-"]=3, ["*"]=4, ["/"]=4, ["%"]=4, ["^"]=6}
local keywords = {["then"]=1,["else"]=1,["end"]=1,["do"]=1}
local function parse(toks)
  local p = 1
  local function peek() return toks[p].v end
  local function next_()
    p = p + 1
    return toks[p-1]
  end
  local function expect(v)
    if peek() ~= v then error(("expected %s near %s"):format(v, peek())) end
    p = p + 1
  end
  local expr
  local function primary()
    local t = next_()
    if t.t == "num" or t.t == "str" then return {op="const", v=t.v} end
    if t.v == "(" then
      local e = expr(0)
      expect(")")
      return e
    end
    if t.v == "-" then return {op="neg", a=expr(5)} end
    if t.t == "id" then
      if peek() == "(" then
        next_()
        local args = {}
        if peek() ~= ")" then repeat args[#args+1] = expr(0) until peek() ~= "," or not next_() end
        expect(")")
        return {op="call", f=t.v, args=args}
      end
      return {op="var", v=t.v}
    end
    error("unexpected "..t.v)
  end
  function expr(min)
    local l = primary()
    while true do
      local o = peek()
      local pr = prec[o]
      if not pr or pr <= min or toks[p].t ~= "op" then return l end
      next_()
      l = {op=o, a=l, b=expr(o == "^" and pr - 1 or pr)}
    end
  end
  local stat
  local function block()
    local b = {}
    while toks[p].t ~= "eof" and not keywords[peek()] do
      if peek() == ";" then next_() else b[#b+1] = stat() end
    end
    return b
  end
  function stat()
    local t = peek()
    if t == "if" then
      next_()
      local c = expr(0)
      expect("then")
      local a = block()
      local e
      if peek() == "else" then
        next_()
        e = block()
      end
      expect("end")
      return {op="if", c=c, a=a, e=e}
    end
    if t == "while" then
      next_()
      local c = expr(0)
      expect("do")
      local a = block()
      expect("end")
      return {op="while", c=c, a=a}
    end
    local e = primary()
    if peek() == "=" then
      next_()
      return {op="set", v=e.v, e=expr(0)}
    end
    return {op="exp", e=e}
  end
  return block()
end

local lib = {max=math.max, min=math.min, print_len=function(s) return #s end}
local ev = {}
local function eval(n, env) return ev[n.op](n, env) end
ev.const = function(n) return n.v end
ev.var = function(n, env) return env[n.v] end
ev.neg = function(n, env) return -eval(n.a, env) end
ev["+"] = function(n, env) return eval(n.a, env) + eval(n.b, env) end
ev["-"] = function(n, env) return eval(n.a, env) - eval(n.b, env) end
ev["*"] = function(n, env) return eval(n.a, env) * eval(n.b, env) end
ev["/"] = function(n, env) return eval(n.a, env) / eval(n.b, env) end
ev["%"] = function(n, env) return eval(n.a, env) % eval(n.b, env) end
ev["^"] = function(n, env) return eval(n.a, env) ^ eval(n.b, env) end
ev["<"] = function(n, env) return eval(n.a, env) < eval(n.b, env) end
ev[".."] = function(n, env) return eval(n.a, env) .. eval(n.b, env) end
ev.call = function(n, env)
  local a = {}
  for i, x in ipairs(n.args) do a[i] = eval(x, env) end
  return lib[n.f](table.unpack(a))
end
local function run(b, env)
  for _, s in ipairs(b) do ev[s.op](s, env) end
end

ev.set = function(n, env) env[n.v] = eval(n.e, env) end
ev.exp = function(n, env) eval(n.e, env) end
ev["if"] = function(n, env)
  if eval(n.c, env) then run(n.a, env) elseif n.e then run(n.e, env) end
end
ev["while"] = function(n, env) while eval(n.c, env) do run(n.a, env) end end
local q = 0
for i = 1, N do
  local ast = parse(lex(src))
  for j = 1, 5 do
    local env = {}
    run(ast, env)
    q = q + env.q + #env.name
  end
end
print(string.format("%.6f", q))
