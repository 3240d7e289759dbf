-- Text tools: split a text into words, count them, rank them, and set the text as justified columns with hyphenation,
-- page by page; a concordance, an edit-distance speller and Soundex codes on top.
local N = tonumber(arg and arg[1]) or 60

local concat, sort, format = table.concat, table.sort, string.format

---------------------------------------------------------------- a text with a grammar
local seed = 31
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n + 1
end

local grammar = {
  sentence = { "noun verb noun", "adverb noun verb", "noun verb preposition noun", "noun verb because noun verb" },
  noun = { "the adjective thing", "the thing", "every thing", "a adjective adjective thing" },
  thing = { "compiler", "interpreter", "loop", "programmer", "machine", "register", "counter", "dictionary" },
  adjective = { "quick", "extraordinary", "lazy", "incremental", "small", "polymorphic" },
  verb = { "runs", "considers", "counts", "transforms", "jumps", "remembers" },
  preposition = { "over", "before", "without", "alongside" },
  adverb = { "Sometimes", "Nevertheless,", "Occasionally" },
}

local function expand(word, out)
  local rules = grammar[word]
  if not rules then out[#out + 1] = word; return end
  for part in rules[random(#rules)]:gmatch("%S+") do expand(part, out) end
end

local function make_text(sentences)
  local out = {}
  for i = 1, sentences do
    local words = {}
    expand("sentence", words)
    words[1] = words[1]:sub(1, 1):upper() .. words[1]:sub(2)
    out[i] = concat(words, " ") .. (random(5) == 1 and "!" or ".")
    if i % 6 == 0 then out[i] = out[i] .. "\n\n" end
  end
  return concat(out, " ")
end

---------------------------------------------------------------- counting
local function count_words(text)
  local counts, order = {}, {}
  for word in text:lower():gmatch("%a+") do
    local n = counts[word]
    if n then counts[word] = n + 1
    else
      counts[word] = 1
      order[#order + 1] = word
    end
  end
  sort(order, function(a, b)
    if counts[a] ~= counts[b] then return counts[a] > counts[b] end
    return a < b
  end)
  return counts, order
end

local function concordance(text)
  local index, line = {}, 0
  for row in (text .. "\n"):gmatch("(.-)\n") do
    line = line + 1
    for word in row:lower():gmatch("%a+") do
      local places = index[word]
      if not places then
        places = {}
        index[word] = places
      end
      if places[#places] ~= line then places[#places + 1] = line end
    end
  end
  return index
end

---------------------------------------------------------------- setting
local function hyphenate(word, room)
  -- breaks after a vowel that is followed by a consonant, leaving at least two letters on both sides
  local best
  for at in word:gmatch("()[aeiou][^aeiou%p]") do
    if at >= 2 and at <= room - 1 and #word - at >= 3 then best = at end
  end
  if best then return word:sub(1, best) .. "-", word:sub(best + 1) end
end

local function fill(words, width)
  local lines, line, length = {}, {}, 0
  local i = 1
  local word = words[i]
  while word do
    local needed = length + #line + #word
    if needed <= width then
      line[#line + 1] = word
      length = length + #word
      i = i + 1
      word = words[i]
    else
      local head, tail = hyphenate(word, width - length - #line)
      if head and #line > 0 then
        line[#line + 1] = head
        word = tail
      elseif #line == 0 then -- a word longer than the line
        line[1] = word:sub(1, width)
        word = word:sub(width + 1)
      end
      lines[#lines + 1] = line
      line, length = {}, 0
    end
  end
  if #line > 0 then lines[#lines + 1] = line; line.last = true end
  return lines
end

local function justify(line, width)
  local text = concat(line, " ")
  if line.last or #line == 1 then return text .. (" "):rep(width - #text) end
  local letters = 0
  for i = 1, #line do letters = letters + #line[i] end
  local gaps, room = #line - 1, width - letters
  local out = {}
  for i = 1, #line do
    out[#out + 1] = line[i]
    if i <= gaps then
      local spaces = math.floor(room * i / gaps) - math.floor(room * (i - 1) / gaps)
      out[#out + 1] = (" "):rep(spaces)
    end
  end
  return concat(out)
end

local function columns(text, count, width, height)
  local lines = {}
  for paragraph in (text .. "\n\n"):gmatch("(.-)\n\n") do
    local words = {}
    for word in paragraph:gmatch("%S+") do words[#words + 1] = word end
    for _, line in ipairs(fill(words, width)) do lines[#lines + 1] = justify(line, width) end
    if #words > 0 then lines[#lines + 1] = (" "):rep(width) end
  end
  local pages, at = {}, 1
  while at <= #lines do
    local page = {}
    for row = 1, height do
      local parts = {}
      for c = 1, count do parts[c] = lines[at + (c - 1) * height + row - 1] or (" "):rep(width) end
      page[row] = (concat(parts, " | "):gsub("%s+$", ""))
    end
    pages[#pages + 1] = page
    at = at + count * height
  end
  return pages
end

---------------------------------------------------------------- spelling
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = diagonal
      if a:byte(i) ~= b:byte(j) then cost = cost + 1 end
      diagonal = row[j]
      local best = diagonal + 1
      if row[j - 1] + 1 < best then best = row[j - 1] + 1 end
      if cost < best then best = cost end
      row[j] = best
    end
  end
  return row[#b]
end

local codes = {}
for letters, digit in ("bfpv 1 cgjkqsxz 2 dt 3 l 4 mn 5 r 6"):gmatch("(%a+) (%d)") do
  for c in letters:gmatch(".") do codes[c] = digit end
end

local function soundex(word)
  local out, last = word:sub(1, 1):upper(), codes[word:sub(1, 1)]
  for c in word:sub(2):gmatch(".") do
    local digit = codes[c]
    if digit and digit ~= last then out = out .. digit end
    if c ~= "h" and c ~= "w" then last = digit end
    if #out == 4 then break end
  end
  return out .. ("0"):rep(4 - #out)
end

---------------------------------------------------------------- work
local text = make_text(60)
local counts, order = count_words(text)
for i = 1, 12 do print(format("%-14s %4d %s", order[i], counts[order[i]], ("*"):rep(math.floor(counts[order[i]] / 4)))) end
local page = columns(text, 2, 34, 20)[1]
for _, row in ipairs(page) do print(row) end
local index = concordance(text)
print("machine: " .. concat(index.machine or {}, " "))
for _, wrong in ipairs { "compilar", "regster", "dictonary", "jmps", "wihtout" } do
  local best, found = 99, nil
  for _, word in ipairs(order) do
    local d = distance(wrong, word)
    if d < best then best, found = d, word end
  end
  print(wrong, found, best, soundex(wrong), soundex(found))
end

local total, pages, words = 0, 0, 0
for round = 1, N do
  local t = make_text(80)
  local c, o = count_words(t)
  for i = 1, #o do total = (total * 31 + c[o[i]] * #o[i]) % 1000003 end
  local set = columns(t, 1 + round % 3, 24 + round % 11, 30)
  pages = pages + #set
  for _, p in ipairs(set) do
    for _, row in ipairs(p) do
      for k = 1, #row, 5 do total = (total * 7 + row:byte(k)) % 1000003 end
    end
  end
  for i = 1, #o do words = words + distance(o[i], o[#o - i + 1]) + #soundex(o[i]) end
end
print(format("total %d pages %d words %d", total, pages, words))
