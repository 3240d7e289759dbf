-- Data wrangling: a CSV reader with quotes and embedded newlines, a CSV writer, an INI reader with sections,
-- inheritance and interpolation, then a report: filter, group, join, pivot and sort over the rows.
local N = tonumber(arg and arg[1]) or 70

local find, sub, byte, format, concat = string.find, string.sub, string.byte, string.format, table.concat

---------------------------------------------------------------- CSV
local function parse_csv(text, separator)
  separator = separator or ","
  local rows, row, pos, size = {}, {}, 1, #text
  local plain = "^[^" .. separator .. "\r\n]*"
  while pos <= size do
    local field
    if byte(text, pos) == 34 then
      local parts = {}
      pos = pos + 1
      while true do
        local stop = find(text, '"', pos, true)
        if not stop then return nil, "unfinished quote in row " .. #rows + 1 end
        parts[#parts + 1] = sub(text, pos, stop - 1)
        pos = stop + 1
        if byte(text, pos) ~= 34 then break end
        parts[#parts + 1] = '"'
        pos = pos + 1
      end
      field = concat(parts)
    else
      local _, stop = find(text, plain, pos)
      field = sub(text, pos, stop)
      pos = stop + 1
    end
    row[#row + 1] = field
    local c = sub(text, pos, pos)
    if c == separator then
      pos = pos + 1
      if pos > size or find(text, "^\r?\n", pos) then row[#row + 1] = ""; c = sub(text, pos, pos) end
    end
    if c == "\r" then pos = pos + 1; c = sub(text, pos, pos) end
    if c == "\n" then
      pos = pos + 1
      rows[#rows + 1] = row
      row = {}
    elseif c ~= separator and c ~= "" then
      return nil, "garbage after a quote in row " .. #rows + 1
    end
  end
  if #row > 0 then rows[#rows + 1] = row end
  return rows
end

local function write_csv(rows)
  local lines = {}
  for i, row in ipairs(rows) do
    local fields = {}
    for j, v in ipairs(row) do
      v = tostring(v)
      if find(v, '[",\r\n]') then v = '"' .. v:gsub('"', '""') .. '"' end
      fields[j] = v
    end
    lines[i] = concat(fields, ",")
  end
  return concat(lines, "\n") .. "\n"
end

local function records(rows)
  local names, out = rows[1], {}
  for i = 2, #rows do
    local r = {}
    for j, name in ipairs(names) do
      local v = rows[i][j]
      r[name] = tonumber(v) or v
    end
    out[i - 1] = r
  end
  return out
end

---------------------------------------------------------------- INI
local Config = {}
Config.__index = Config

local function convert(v)
  if v == "true" or v == "yes" then return true end
  if v == "false" or v == "no" then return false end
  return tonumber(v) or v:match('^"(.*)"$') or v
end

local function parse_ini(text)
  local self = setmetatable({ sections = {}, order = {} }, Config)
  local section, number = nil, 0
  for line in (text .. "\n"):gmatch("(.-)\r?\n") do
    number = number + 1
    line = line:gsub("%s*[;#].*$", ""):match("^%s*(.-)%s*$")
    if line ~= "" then
      local name, parent = line:match("^%[%s*([%w_.]+)%s*:?%s*([%w_.]*)%s*%]$")
      if name then
        section = { keys = {}, values = {}, parent = parent ~= "" and parent or nil }
        self.sections[name] = section
        self.order[#self.order + 1] = name
      else
        local key, value = line:match("^([%w_.]+)%s*=%s*(.*)$")
        if not key then return nil, format("line %d: not a setting: %s", number, line) end
        if not section then return nil, format("line %d: outside a section", number) end
        if section.values[key] == nil then section.keys[#section.keys + 1] = key end
        section.values[key] = value
      end
    end
  end
  return self
end

function Config:raw(name, key)
  local seen = 0
  while name do
    local s = self.sections[name]
    if not s then return nil end
    if s.values[key] ~= nil then return s.values[key] end
    name = s.parent
    seen = seen + 1
    if seen > 20 then error("sections inherit in a circle", 0) end
  end
end

function Config:get(name, key, depth)
  local v = self:raw(name, key)
  if v == nil then return nil end
  depth = depth or 0
  if depth > 10 then error("settings refer to each other in a circle", 0) end
  v = v:gsub("%${([%w_.]-):?([%w_]+)}", function(s, k)
    return tostring(self:get(s ~= "" and s or name, k, depth + 1))
  end)
  return convert(v)
end

---------------------------------------------------------------- queries, as a chain over an array of records
local Query = {}
Query.__index = Query

local function from(rows) return setmetatable({ rows = rows }, Query) end

function Query:where(f)
  local out = {}
  for _, r in ipairs(self.rows) do if f(r) then out[#out + 1] = r end end
  return from(out)
end

function Query:join(other, key, as)
  local index, out = {}, {}
  for _, r in ipairs(other) do index[r[key]] = r end
  for i, r in ipairs(self.rows) do
    local copy = {}
    for k, v in pairs(r) do copy[k] = v end
    copy[as] = index[r[key]]
    out[i] = copy
  end
  return from(out)
end

function Query:group(key, fold, start)
  local groups, order = {}, {}
  for _, r in ipairs(self.rows) do
    local k = key(r)
    if groups[k] == nil then
      groups[k] = start()
      order[#order + 1] = k
    end
    fold(groups[k], r)
  end
  table.sort(order)
  local out = {}
  for i, k in ipairs(order) do out[i] = { key = k, value = groups[k] } end
  return from(out)
end

function Query:sort(...)
  local keys = { ... }
  table.sort(self.rows, function(a, b)
    for i = 1, #keys do
      local x, y = keys[i](a), keys[i](b)
      if x ~= y then return x < y end
    end
    return false
  end)
  return self
end

function Query:limit(n) return from(table.move(self.rows, 1, math.min(n, #self.rows), 1, {})) end

---------------------------------------------------------------- data
local seed = 77
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n + 1
end

local cities = { { "city", "country", "note" }, { "Rome", "Italy", 'called "eternal"' }, { "Lyon", "France", "two rivers,\nold silk" },
  { "Graz", "Austria", "" }, { "Porto", "Portugal", "port, of course" }, { "Oslo", "Norway", "fjord" } }
local goods = { "nails", "paint", "glue", "rope", "wood" }

local function sales(count)
  local rows = { { "id", "city", "item", "count", "price", "day" } }
  for i = 1, count do
    rows[i + 1] = { i, cities[random(5) + 1][1], goods[random(5)], random(20), format("%.2f", random(5000) / 100), random(28) }
  end
  return rows
end

---------------------------------------------------------------- work
local text = write_csv(cities)
io.write(text)
local back = assert(parse_csv(text))
assert(write_csv(back) == text)
print(#back, back[3][3]:gsub("\n", "/"))
print(parse_csv('a,"b'))
print(parse_csv('a,"b"c\n'))
for _, s in ipairs { "a;b;\nc;;d\r\n", ";\n", "x" } do
  for _, r in ipairs(parse_csv(s, ";")) do print(#r, concat(r, "|")) end
end

local config = assert(parse_ini([[
; report settings
[base]
currency = EUR          # of all prices
rate = 1.25
title = "Sales in ${currency}"
verbose = no
[north : base]
currency = NOK
rate=0x10
label = ${base:title} / ${title} / ${rate}
[loop]
a = ${b}
b = ${a}
]]))
for _, s in ipairs(config.order) do
  for _, k in ipairs { "currency", "rate", "title", "verbose", "label" } do
    local v = config:get(s, k)
    if v ~= nil then print(s, k, v, math.type(v) or type(v)) end
  end
end
print(pcall(config.get, config, "loop", "a"))
print(parse_ini("[x]\nwhat is this"))
print(parse_ini("a = 1"))

local total_rows, total = 0, 0
for round = 1, N do
  local rows = records(assert(parse_csv(write_csv(sales(220)))))
  local places = records(cities)
  total_rows = total_rows + #rows
  local q = from(rows):where(function(r) return r.count > 3 and r.item ~= "glue" end):join(places, "city", "place")
  local by_country = q:group(function(r) return r.place.country end,
    function(acc, r)
      acc.sum = acc.sum + r.count * r.price
      acc.count = acc.count + r.count
      acc.best = (not acc.best or r.price > acc.best.price) and r or acc.best
    end,
    function() return { sum = 0, count = 0 } end):sort(function(g) return -g.value.sum end, function(g) return g.key end)
  for _, g in ipairs(by_country.rows) do
    total = (total * 7 + math.floor(g.value.sum * 100 + 0.5) + g.value.count + g.value.best.id) % 1000003
    if round == 1 then print(format("%-9s %10.2f %4d best %3d %s", g.key, g.value.sum, g.value.count, g.value.best.id, g.value.best.item)) end
  end
  local top = q:sort(function(r) return -r.price end, function(r) return r.id end):limit(3)
  for _, r in ipairs(top.rows) do
    total = (total * 7 + r.id) % 1000003
    if round == 1 then print("top", r.id, r.city, r.item, r.price, (r.place.note:gsub("\n", " "))) end
  end
end
print("rows", total_rows, "total", total)
