-- Operations on text: splitting, trimming, wrapping, encoding by replacement functions, shifting letters by
-- byte, counting matches, format with widths, captures that are numbers.
local N = tonumber(arg and arg[1]) or 500
local text = ("The quick brown fox jumps over the lazy dog. Pack my box with five dozen liquor jugs! "):rep(4)
local function split(s, sep)
  local r = {}
  for w in (s..sep):gmatch("(.-)"..sep) do r[#r+1] = w end
  return r
end

local function trim(s)
  return (s:gsub("^%s+", ""):gsub("%s+$", ""))
end

local function urlencode(s)
  return (s:gsub("[^%w%-_%.~]", function(c) return string.format("%%%02X", c:byte()) end))
end

local function urldecode(s)
  return (s:gsub("%%(%x%x)", function(h) return string.char(tonumber(h, 16)) end))
end

local function caesar(s, k)
  local t = {}
  for i = 1, #s do
    local b = s:byte(i)
    if b >= 97 and b <= 122 then
      b = (b - 97 + k) % 26 + 97
    elseif b >= 65 and b <= 90 then
      b = (b - 65 + k) % 26 + 65
    end
    t[i] = string.char(b)
  end
  return table.concat(t)
end

local function wrap(s, w)
  local lines, line = {}, ""
  for word in s:gmatch("%S+") do
    if #line + #word + 1 > w and #line > 0 then
      lines[#lines+1] = line
      line = word
    else
      line = (#line > 0 and line.." " or "")..word
    end
  end
  lines[#lines+1] = line
  return lines
end

local function title(s)
  return (s:gsub("(%a)([%w_']*)", function(a, b) return a:upper()..b:lower() end))
end

local function interp(s, t) return (s:gsub("%${(%w+)}", t)) end
local function isPal(s)
  s = s:lower():gsub("[^a-z]", "")
  return s == s:reverse()
end

local function count(s, pat)
  local n = 0
  for _ in s:gmatch(pat) do n = n + 1 end
  return n
end

local h = 0
local function add(s)
  for i = 1, #s, 7 do h = (h * 31 + s:byte(i)) % 1000000007 end
end

for i = 1, N do
  local parts = split(text, " ")
  add(table.concat(parts, "-"))
  for j, p in ipairs(parts) do parts[j] = trim("  "..p.." ") end
  add(urldecode(urlencode(text)))
  add(caesar(caesar(text, 3), 23))
  for _, l in ipairs(wrap(text, 30)) do add(l..string.rep(".", 30 - #l)) end
  add(title(text))
  add(interp("Dear ${name}, you owe ${amount} to ${who} since ${n}", {name="Bob", amount=i, who="Al"}))
  h = h + (isPal("A man, a plan, a canal: Panama") and 1 or 0) + count(text, "%u%l+") + count(text, "[aeiou]")
  for j = 1, 20 do add(("%5d|%-8s|%6.2f|%x"):format(j * i, "k"..j, j / 3, j * 255)) end
  for k, v in ("a=1, b=22, c=333, dd=4444"):gmatch("(%w+)=(%w+)") do h = h + #k * tonumber(v) end
  local y, m, d = ("2024-03-17"):match("(%d+)-(%d+)-(%d+)")
  h = h + tonumber(y) + tonumber(m) * tonumber(d)
  if text:find("lazy dog", 1, true) and text:find("^The") and not text:find("zzz") then
    h = h + 1
  end
end
print(h)
