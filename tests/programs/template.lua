-- A template engine: templates are translated to Lua source, loaded with an environment of their own, cached,
-- and rendered: {{ expression | filter }} with escaping, {% statements %}, {# comments #}, includes, blocks and inheritance.
local N = tonumber(arg and arg[1]) or 3000

local concat, format = table.concat, string.format

---------------------------------------------------------------- filters
local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local filters = {}
function filters.escape(s) return (tostring(s):gsub("[&<>\"']", entities)) end
function filters.raw(s) return s end
function filters.upper(s) return tostring(s):upper() end
function filters.title(s) return (tostring(s):gsub("(%a)(%w*)", function(a, b) return a:upper() .. b:lower() end)) end
function filters.money(v) return format("%.2f", v) end
function filters.trim(s) return (tostring(s):gsub("^%s+", ""):gsub("%s+$", "")) end
function filters.join(list) return concat(list, ", ") end
function filters.length(v) return #v end
function filters.limit(s, n)
  s = tostring(s)
  return #s > n and s:sub(1, n - 3) .. "..." or s
end

---------------------------------------------------------------- from template to Lua source
local Engine = {}
Engine.__index = Engine

function Engine.new(sources) return setmetatable({ sources = sources, cache = {}, compiled = 0, rendered = 0 }, Engine) end

local function expression(text)
  -- "a.b | f | g(3)" becomes filters.g(filters.f(a.b), 3); escaping is added unless the last filter is raw
  local parts = {}
  for part in (text .. "|"):gmatch("%s*(.-)%s*|") do parts[#parts + 1] = part end
  local code, raw = "(" .. parts[1] .. ")", false
  for i = 2, #parts do
    local name, arguments = parts[i]:match("^([%a_]+)%((.*)%)$")
    name = name or parts[i]
    raw = name == "raw"
    code = format("filters.%s(%s%s)", name, code, arguments and ", " .. arguments or "")
  end
  if not raw then code = "escape(" .. code .. ")" end
  return code
end

local function statement(text)
  local word, rest = text:match("^(%a+)%s*(.*)$")
  if word == "for" or word == "while" then return text .. " do"
  elseif word == "if" or word == "elseif" then return text .. " then"
  elseif word == "set" then return "local " .. rest
  elseif word == "include" then return "include(" .. rest .. ", out, env)"
  elseif word:find("^end") then return "end"
  end
  return text
end

function Engine:translate(source)
  local code, blocks = {}, {}
  local function add(line) code[#code + 1] = line end
  add("local out, env, blocks, filters, escape, include, tostring = ...")
  add("local _ENV = env")
  local pos = 1
  while true do
    local from, to, mark = source:find("{([{%%#])", pos)
    if not from then break end
    if from > pos then add(format("out[#out + 1] = %q", source:sub(pos, from - 1))) end
    local close = mark == "{" and "}}" or mark .. "}"
    local stop, after = source:find(close, to + 1, true)
    if not stop then error("unfinished tag at " .. from, 0) end
    local body = source:sub(to + 1, stop - 1):match("^%s*(.-)%s*$")
    if mark == "{" then
      add(format("out[#out + 1] = tostring(%s)", expression(body)))
    elseif mark == "%" then
      local block = body:match("^block%s+(%a+)$")
      if block then
        blocks[#blocks + 1] = block
        add("do local function default(out)")
      elseif body == "endblock" then
        add(format("end; (blocks[%q] or default)(out) end", table.remove(blocks)))
      else
        add(statement(body))
      end
    end
    -- a tag that prints nothing takes the end of its line with it
    if mark ~= "{" and source:sub(after + 1, after + 1) == "\n" then after = after + 1 end
    pos = after + 1
  end
  if pos <= #source then add(format("out[#out + 1] = %q", source:sub(pos))) end
  return concat(code, "\n")
end

-- a child template runs only to define its blocks; its parent then prints
function Engine:translate_child(source)
  local code = { "local out, env, blocks, filters, escape, include, tostring = ...", "local _ENV = env" }
  for name, body in source:gmatch("{%%%s*block%s+(%a+)%s*%%}\n?(.-){%%%s*endblock%s*%%}") do
    local inner = self:translate(body):gsub("^[^\n]*\n[^\n]*\n?", "")
    code[#code + 1] = format("blocks[%q] = blocks[%q] or function(out) %s\nend", name, name, inner)
  end
  return concat(code, "\n")
end

function Engine:compile(name)
  local entry = self.cache[name]
  if entry then return entry end
  local source = self.sources[name] or error("no template " .. name, 0)
  local parent = source:match('^{%%%s*extends%s+"(.-)"%s*%%}')
  local code = parent and self:translate_child(source) or self:translate(source)
  local f, message = load(code, "=" .. name, "t")
  if not f then error(message, 0) end
  entry = { run = f, parent = parent }
  self.cache[name] = entry
  self.compiled = self.compiled + 1
  return entry
end

local base_env = { ipairs = ipairs, pairs = pairs, tostring = tostring, format = format, upper = string.upper }
local env_mt = { __index = base_env }

function Engine:run(name, out, env, blocks)
  local entry = self:compile(name)
  local function include(other, o, e) self:run(other, o, e, {}) end
  entry.run(out, env, blocks, filters, filters.escape, include, tostring)
  if entry.parent then self:run(entry.parent, out, env, blocks) end
end

function Engine:render(name, values)
  local out = {}
  local env = setmetatable({}, env_mt)
  for k, v in pairs(values) do env[k] = v end
  self:run(name, out, env, {})
  self.rendered = self.rendered + 1
  return concat(out)
end

---------------------------------------------------------------- templates
local sources = {
  layout = [[
<html><head><title>{{ title }}</title></head>
<body>
{% block content %}
<p>nothing here</p>
{% endblock %}
{% include "footer" %}
</body></html>
]],
  footer = "<footer>{{ company | upper }} &middot; {{ year }}</footer>\n",
  invoice = [[
{% extends "layout" %}
{% block content %}
<h1>Invoice {{ number }} for {{ customer.name | title }}</h1>
{# the lines of the invoice #}
{% set total = 0 %}
<table>
{% for i, line in ipairs(lines) %}
{% set sum = line.count * line.price %}
<tr class="{{ i % 2 == 0 and "even" or "odd" }}"><td>{{ i }}</td><td>{{ line.text | limit(18) }}</td><td>{{ sum | money }}</td></tr>
{% total = total + sum %}
{% end %}
</table>
{% if total > 500 %}
<b>Total {{ total | money }}</b>
{% elseif total > 0 %}
<i>Total {{ total | money }}</i>
{% else %}
nothing to pay
{% end %}
<p>Tags: {{ tags | join }} ({{ tags | length }}) {{ "<br>" | raw }}</p>
{% endblock %}
]],
  list = [[{% for i, v in ipairs(items) %}{% if i > 1 %}, {% end %}{{ v }}{% end %}]],
}

local engine = Engine.new(sources)

local function invoice(n)
  local lines = {}
  for i = 1, n % 9 do
    lines[i] = { count = i, price = 12.5 + n % 13, text = ("item <%d> with 'a long' name"):format(i * n) }
  end
  return { title = "Invoice & more", number = n, customer = { name = "ada LOVELACE" }, lines = lines,
    tags = { "new", "n" .. n, "paid" }, company = "jit & sons", year = 2024 }
end

io.write(engine:render("list", { items = { "a", "<b>", 3, "d & e" } }), "\n")
io.write(engine:render("layout", { title = "empty", company = "none", year = 0 }))
io.write(engine:render("invoice", invoice(40)))
print(pcall(engine.render, engine, "missing", {}))
engine.sources.broken = "{{ oops"
print(pcall(engine.render, engine, "broken", {}))
engine.sources.syntax = "{% if then %}"
print((select(2, pcall(engine.render, engine, "syntax", {}))))

local sum, bytes = 0, 0
for i = 1, N do
  local text = engine:render("invoice", invoice(i))
  bytes = bytes + #text
  for j = 1, #text, 7 do sum = (sum * 17 + text:byte(j)) % 16777213 end
  if i % 10 == 0 then engine.cache.list = nil; engine:render("list", { items = { i, "x" } }) end
end
print(format("rendered %d compiled %d bytes %d checksum %d", engine.rendered, engine.compiled, bytes, sum))
