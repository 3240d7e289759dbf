-- A compressor: LZ77 with hash chains, then canonical Huffman codes for literals, lengths and distances, in a bit stream
-- of its own format; and the decompressor. Every input must come back byte for byte.
local N = tonumber(arg and arg[1]) or 8

local byte, char, sub, concat = string.byte, string.char, string.sub, table.concat

---------------------------------------------------------------- bit streams
local Writer = {}
Writer.__index = Writer

function Writer.new() return setmetatable({ out = {}, n = 0, acc = 0, bits = 0 }, Writer) end

function Writer:put(value, width)
  self.acc = self.acc | (value << self.bits)
  self.bits = self.bits + width
  while self.bits >= 8 do
    self.n = self.n + 1
    self.out[self.n] = char(self.acc & 0xff)
    self.acc = self.acc >> 8
    self.bits = self.bits - 8
  end
end

function Writer:finish()
  if self.bits > 0 then self:put(0, 8 - self.bits) end
  return concat(self.out)
end

local Reader = {}
Reader.__index = Reader

function Reader.new(s) return setmetatable({ s = s, pos = 1, acc = 0, bits = 0 }, Reader) end

function Reader:get(width)
  while self.bits < width do
    local b = byte(self.s, self.pos) or error("unexpected end of data", 0)
    self.acc = self.acc | (b << self.bits)
    self.pos = self.pos + 1
    self.bits = self.bits + 8
  end
  local value = self.acc & ((1 << width) - 1)
  self.acc = self.acc >> width
  self.bits = self.bits - width
  return value
end

---------------------------------------------------------------- Huffman: lengths from counts, canonical codes from lengths
local LONGEST <const> = 15

local function code_lengths(counts, symbols)
  local nodes = {}
  for s = 0, symbols - 1 do
    if counts[s] and counts[s] > 0 then nodes[#nodes + 1] = { weight = counts[s], symbol = s, order = s } end
  end
  local lengths = {}
  for s = 0, symbols - 1 do lengths[s] = 0 end
  if #nodes == 0 then return lengths end
  if #nodes == 1 then lengths[nodes[1].symbol] = 1; return lengths end
  local function lighter(a, b)
    if a.weight ~= b.weight then return a.weight < b.weight end
    return a.order < b.order
  end
  table.sort(nodes, lighter)
  -- two queues: leaves in order, inner nodes come out in order by themselves
  local inner, i, j = {}, 1, 1
  local function take()
    local a, b = nodes[i], inner[j]
    if a and (not b or a.weight <= b.weight) then i = i + 1; return a end
    j = j + 1
    return b
  end
  local order = symbols
  while #nodes - i + 1 + #inner - j + 1 > 1 do
    local a, b = take(), take()
    order = order + 1
    inner[#inner + 1] = { weight = a.weight + b.weight, left = a, right = b, order = order }
  end
  local deepest = 0
  local function walk(node, depth)
    if node.symbol then
      lengths[node.symbol] = depth
      if depth > deepest then deepest = depth end
    else
      walk(node.left, depth + 1)
      walk(node.right, depth + 1)
    end
  end
  walk(inner[#inner], 0)
  if deepest > LONGEST then -- flatten the counts and try again
    local flat = {}
    for s, c in pairs(counts) do flat[s] = c > 0 and (c >> 2) + 1 or 0 end
    return code_lengths(flat, symbols)
  end
  return lengths
end

local function reversed(code, width)
  local r = 0
  for _ = 1, width do
    r = (r << 1) | (code & 1)
    code = code >> 1
  end
  return r
end

local function canonical(lengths, symbols)
  local per_length = {}
  for l = 0, LONGEST do per_length[l] = 0 end
  for s = 0, symbols - 1 do per_length[lengths[s]] = per_length[lengths[s]] + 1 end
  per_length[0] = 0
  local next_code, code = {}, 0
  for l = 1, LONGEST do
    code = (code + per_length[l - 1]) << 1
    next_code[l] = code
  end
  local codes = {}
  for s = 0, symbols - 1 do
    local l = lengths[s]
    if l > 0 then
      codes[s] = reversed(next_code[l], l)
      next_code[l] = next_code[l] + 1
    end
  end
  return codes
end

local function decoder(lengths, symbols)
  local codes, map = canonical(lengths, symbols), {}
  for s = 0, symbols - 1 do
    if lengths[s] > 0 then map[(codes[s] << 4) | lengths[s]] = s end
  end
  return function(reader)
    local code = 0
    for l = 1, LONGEST do
      code = code | (reader:get(1) << (l - 1))
      local s = map[(code << 4) | l]
      if s then return s end
    end
    error("bad code", 0)
  end
end

local function put_lengths(writer, lengths, symbols)
  local s = 0
  while s < symbols do
    local run = 1
    while s + run < symbols and lengths[s + run] == lengths[s] and run < 64 do run = run + 1 end
    writer:put(lengths[s], 4)
    writer:put(run - 1, 6)
    s = s + run
  end
end

local function get_lengths(reader, symbols)
  local lengths, s = {}, 0
  while s < symbols do
    local l = reader:get(4)
    for _ = 0, reader:get(6) do lengths[s] = l; s = s + 1 end
  end
  return lengths
end

---------------------------------------------------------------- LZ77: symbols 0..255 literals, 256 end, 257.. a length class
local MIN, MAX, WINDOW, CHAIN = 3, 66, 8192, 12
local LITERALS, DISTANCES = 257 + MAX - MIN + 1, 14

local function width_of(v)
  local w = 0
  while v > 0 do v = v >> 1; w = w + 1 end
  return w
end

local function tokens_of(text)
  local head, previous, tokens, n = {}, {}, {}, 0
  local pos, size = 1, #text
  while pos <= size do
    local best, best_at = 0, 0
    if pos + 2 <= size then
      local a, b, c = byte(text, pos, pos + 2)
      local key = a | b << 8 | c << 16
      local at, tries = head[key], CHAIN
      while at and tries > 0 and pos - at <= WINDOW do
        local length = 3
        while length < MAX and pos + length <= size and byte(text, at + length) == byte(text, pos + length) do
          length = length + 1
        end
        if length > best then best, best_at = length, at end
        at, tries = previous[at], tries - 1
      end
      previous[pos], head[key] = head[key], pos
    end
    n = n + 1
    if best >= MIN then
      tokens[n] = (pos - best_at) << 16 | best
      for p = pos + 1, math.min(pos + best - 1, size - 2) do
        local a, b, c = byte(text, p, p + 2)
        local key = a | b << 8 | c << 16
        previous[p], head[key] = head[key], p
      end
      pos = pos + best
    else
      tokens[n] = byte(text, pos)
      pos = pos + 1
    end
  end
  return tokens, n
end

local function compress(text)
  local tokens, n = tokens_of(text)
  local literal_counts, distance_counts = { [256] = 1 }, {}
  for i = 1, n do
    local t = tokens[i]
    local s = t
    if t > 0xffff then
      s = 257 + (t & 0xffff) - MIN
      local d = width_of(t >> 16)
      distance_counts[d] = (distance_counts[d] or 0) + 1
    end
    literal_counts[s] = (literal_counts[s] or 0) + 1
  end
  local ll, dl = code_lengths(literal_counts, LITERALS), code_lengths(distance_counts, DISTANCES + 1)
  local lc, dc = canonical(ll, LITERALS), canonical(dl, DISTANCES + 1)
  local w = Writer.new()
  put_lengths(w, ll, LITERALS)
  put_lengths(w, dl, DISTANCES + 1)
  for i = 1, n do
    local t = tokens[i]
    if t <= 0xffff then
      w:put(lc[t], ll[t])
    else
      local s = 257 + (t & 0xffff) - MIN
      w:put(lc[s], ll[s])
      local distance = t >> 16
      local d = width_of(distance)
      w:put(dc[d], dl[d])
      w:put(distance & ((1 << (d - 1)) - 1), d - 1)
    end
  end
  w:put(lc[256], ll[256])
  return w:finish(), n
end

local function decompress(data)
  local r = Reader.new(data)
  local literal = decoder(get_lengths(r, LITERALS), LITERALS)
  local distance_class = decoder(get_lengths(r, DISTANCES + 1), DISTANCES + 1)
  local out, n = {}, 0
  while true do
    local s = literal(r)
    if s < 256 then
      n = n + 1
      out[n] = char(s)
    elseif s == 256 then
      return concat(out)
    else
      local d = distance_class(r)
      local distance = 1 << (d - 1) | r:get(d - 1)
      for _ = 1, s - 257 + MIN do
        n = n + 1
        out[n] = out[n - distance] or error("distance too far", 0)
      end
    end
  end
end

---------------------------------------------------------------- inputs and work
local seed = 99
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n + 1
end

local words = { "the ", "compiler ", "records ", "a ", "trace ", "of ", "hot ", "loops ", "and ", "guards ", "leave ", "it\n" }

local function prose(count)
  local t = {}
  for i = 1, count do t[i] = words[random(#words)] end
  return concat(t)
end

local function noise(count)
  local t = {}
  for i = 1, count do t[i] = char(random(256) - 1) end
  return concat(t)
end

local function sum(s)
  local a, b = 1, 0
  for i = 1, #s do
    a = (a + byte(s, i)) % 65521
    b = (b + a) % 65521
  end
  return b << 16 | a
end

local function check(name, text)
  local packed, tokens = compress(text)
  local back = decompress(packed)
  assert(back == text, name)
  print(("%-8s %6d -> %6d in %5d tokens, sum %08x"):format(name, #text, #packed, tokens, sum(packed)))
end

check("empty", "")
check("one", "x")
check("run", ("a"):rep(5000))
check("period", ("abcdefg"):rep(700))
for i = 1, N do
  check("prose" .. i, prose(1500 + i * 10))
  check("noise" .. i, noise(800 + i))
  check("mixed" .. i, prose(200) .. noise(100) .. prose(200))
end
local packed = compress(prose(100))
print(pcall(decompress, sub(packed, 1, #packed // 2)))
