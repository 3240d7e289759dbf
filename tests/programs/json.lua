-- A JSON parser and printer: recursive descent over bytes, strings with escapes and \u pairs,
-- a compact and an indented printer with sorted keys, and a generator of documents.
-- The work: N documents go text -> value -> text -> value, and both texts must agree.
local N = tonumber(arg and arg[1]) or 50

local byte, sub, find, char, format = string.byte, string.sub, string.find, string.char, string.format
local concat, sort = table.concat, table.sort

local null = setmetatable({}, { __tostring = function() return "null" end })

---------------------------------------------------------------- parser
local escapes = { [34] = '"', [92] = "\\", [47] = "/", [98] = "\b", [102] = "\f", [110] = "\n", [114] = "\r", [116] = "\t" }

local function fail(text, pos, what)
  local line, last = 1, 0
  for i = 1, pos - 1 do
    if byte(text, i) == 10 then line = line + 1; last = i end
  end
  error(format("%s at line %d column %d", what, line, pos - last), 0)
end

local function skip(text, pos)
  while true do
    local c = byte(text, pos)
    if c == 32 or c == 10 or c == 9 or c == 13 then pos = pos + 1 else return pos, c end
  end
end

local function utf8_of(code)
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + math.floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then
    return char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
  end
  return char(0xF0 + math.floor(code / 262144), 0x80 + math.floor(code / 4096) % 64,
              0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local function hex4(text, pos)
  local digits = sub(text, pos, pos + 3)
  if not find(digits, "^%x%x%x%x$") then fail(text, pos, "bad \\u escape") end
  return tonumber(digits, 16)
end

local function parse_string(text, pos)
  -- pos is just after the opening quote; the common case has no escape at all
  local stop = find(text, '["\\]', pos)
  if not stop then fail(text, pos, "unfinished string") end
  if byte(text, stop) == 34 then return sub(text, pos, stop - 1), stop + 1 end
  local parts, n = { sub(text, pos, stop - 1) }, 1
  pos = stop
  while true do
    local c = byte(text, pos)
    if c == nil then
      fail(text, pos, "unfinished string")
    elseif c == 34 then
      return concat(parts), pos + 1
    elseif c == 92 then
      local e = byte(text, pos + 1)
      n = n + 1
      if e == 117 then
        local code = hex4(text, pos + 2)
        pos = pos + 6
        if code >= 0xD800 and code < 0xDC00 and sub(text, pos, pos + 1) == "\\u" then
          local low = hex4(text, pos + 2)
          code = 0x10000 + (code - 0xD800) * 1024 + (low - 0xDC00)
          pos = pos + 6
        end
        parts[n] = utf8_of(code)
      else
        local r = escapes[e]
        if not r then fail(text, pos, "bad escape") end
        parts[n] = r
        pos = pos + 2
      end
    else
      local stop2 = find(text, '["\\]', pos) or fail(text, pos, "unfinished string")
      n = n + 1
      parts[n] = sub(text, pos, stop2 - 1)
      pos = stop2
    end
  end
end

local parse_value

local function parse_array(text, pos)
  local out, n, c = {}, 0, nil
  pos, c = skip(text, pos)
  if c == 93 then return out, pos + 1 end
  while true do
    n = n + 1
    out[n], pos = parse_value(text, pos)
    pos, c = skip(text, pos)
    if c == 93 then return out, pos + 1 end
    if c ~= 44 then fail(text, pos, "expected ',' or ']'") end
    pos = pos + 1
  end
end

local object_mt = { __name = "object" }

local function parse_object(text, pos)
  local out, c = setmetatable({}, object_mt), nil
  pos, c = skip(text, pos)
  if c == 125 then return out, pos + 1 end
  while true do
    pos, c = skip(text, pos)
    if c ~= 34 then fail(text, pos, "expected a key") end
    local key
    key, pos = parse_string(text, pos + 1)
    pos, c = skip(text, pos)
    if c ~= 58 then fail(text, pos, "expected ':'") end
    out[key], pos = parse_value(text, pos + 1)
    pos, c = skip(text, pos)
    if c == 125 then return out, pos + 1 end
    if c ~= 44 then fail(text, pos, "expected ',' or '}'") end
    pos = pos + 1
  end
end

function parse_value(text, pos)
  local c
  pos, c = skip(text, pos)
  if c == 123 then return parse_object(text, pos + 1)
  elseif c == 91 then return parse_array(text, pos + 1)
  elseif c == 34 then return parse_string(text, pos + 1)
  elseif c == 116 and sub(text, pos, pos + 3) == "true" then return true, pos + 4
  elseif c == 102 and sub(text, pos, pos + 4) == "false" then return false, pos + 5
  elseif c == 110 and sub(text, pos, pos + 3) == "null" then return null, pos + 4
  end
  local from, to = find(text, "^-?%d+%.?%d*[eE]?[+-]?%d*", pos)
  if not from then fail(text, pos, c and "unexpected character" or "unexpected end") end
  local number = tonumber(sub(text, from, to))
  if not number then fail(text, pos, "bad number") end
  return number, to + 1
end

local function decode(text)
  local value, pos = parse_value(text, 1)
  local c
  pos, c = skip(text, pos)
  if c then fail(text, pos, "trailing text") end
  return value
end

---------------------------------------------------------------- printer
local quoted = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ["\b"] = "\\b", ["\f"] = "\\f" }

local function quote(s)
  if find(s, '[%c"\\]') then
    s = s:gsub('[%c"\\]', function(c) return quoted[c] or format("\\u%04x", byte(c)) end)
  end
  return '"' .. s .. '"'
end

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  sort(keys)
  return keys
end

local function print_number(v)
  if v == math.floor(v) and v > -1e15 and v < 1e15 then return format("%.0f", v) end
  return format("%.14g", v)
end

local function encode_into(out, v, indent, level)
  local t = type(v)
  if v == null then out[#out + 1] = "null"
  elseif t == "string" then out[#out + 1] = quote(v)
  elseif t == "number" then out[#out + 1] = print_number(v)
  elseif t == "boolean" then out[#out + 1] = v and "true" or "false"
  else
    local object = getmetatable(v) == object_mt
    local keys = object and sorted_keys(v) or v
    local count = #keys
    local pad = indent and ("\n" .. indent:rep(level + 1)) or ""
    if count == 0 then out[#out + 1] = object and "{}" or "[]"; return end
    out[#out + 1] = object and "{" or "["
    for i = 1, count do
      if i > 1 then out[#out + 1] = "," end
      out[#out + 1] = pad
      if object then
        out[#out + 1] = quote(keys[i])
        out[#out + 1] = indent and ": " or ":"
        encode_into(out, v[keys[i]], indent, level + 1)
      else
        encode_into(out, v[i], indent, level + 1)
      end
    end
    if indent then out[#out + 1] = "\n" .. indent:rep(level) end
    out[#out + 1] = object and "}" or "]"
  end
end

local function encode(v, indent)
  local out = {}
  encode_into(out, v, indent, 0)
  return concat(out)
end

---------------------------------------------------------------- documents
local seed = 2024
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n + 1
end

local words = { "alpha", "bravo", "charlie", "delta", "echo", "fox\ttrot", "golf \"g\"", "h\195\180tel", "india\\n", "juliet\n" }

local function generate(depth)
  local kind = random(depth > 0 and 8 or 5)
  if kind == 1 then return random(1000000) - 500000
  elseif kind == 2 then return random(100000) / 64
  elseif kind == 3 then return words[random(#words)]
  elseif kind == 4 then return random(2) == 1
  elseif kind == 5 then return null
  elseif kind == 6 then
    local list = {}
    for i = 1, random(6) do list[i] = generate(depth - 1) end
    return list
  end
  local object = setmetatable({}, object_mt)
  for i = 1, random(7) do object[words[random(#words)] .. i] = generate(depth - 1) end
  return object
end

local function document(id)
  local users = {}
  for i = 1, 12 do
    users[i] = setmetatable({ id = id * 100 + i, name = words[random(#words)], score = random(1000) / 8,
      tags = { words[random(#words)], words[random(#words)] }, extra = generate(4) }, object_mt)
  end
  return setmetatable({ version = 1, id = id, users = users, empty = {}, none = null }, object_mt)
end

---------------------------------------------------------------- work
local function checksum(s)
  local h = 0
  for i = 1, #s do h = (h * 31 + byte(s, i)) % 16777213 end
  return h
end

print(encode(decode('{"b":[1,2.5,-3e2,"x\\u00e9\\ud83d\\ude00"],"a":{"t":true,"n":null},"c":[]}')))
print(encode(decode('[{"deep":[[[]]]},"tab\\t",0]'), "  "))
for _, bad in ipairs { '{"a" 1}', "[1,2", '"abc', "[1,]", "nul", '{"a":1}x', '["\\q"]', "\n\n  [1 2]" } do
  print(select(2, pcall(decode, bad)))
end

local bytes, sum = 0, 0
for i = 1, N do
  local doc = document(i)
  local text = encode(doc)
  local again = encode(decode(text))
  assert(text == again, "round trip")
  local pretty = encode(decode(text), " ")
  assert(encode(decode(pretty)) == text, "pretty round trip")
  bytes = bytes + #text + #pretty
  sum = (sum + checksum(text)) % 16777213
end
print(format("documents %d bytes %d checksum %d", N, bytes, sum))
