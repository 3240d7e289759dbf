-- Text put together in buffers: variable arguments one by one, a serializer that sorts its keys, a converter
-- of markup by replacements, a log with levels, and a string that grows by itself.
local N = tonumber(arg and arg[1]) or 1500
local Buf = {}
Buf.__index = Buf
function Buf.new() return setmetatable({n=0}, Buf) end
function Buf:put(...)
  for i = 1, select('#', ...) do
    self.n = self.n + 1
    self[self.n] = tostring((select(i, ...)))
  end
  return self
end

function Buf:putf(f, ...) return self:put(f:format(...)) end
function Buf:str(sep)
  return table.concat(self, sep or "", 1, self.n)
end

local function ser(v, ind, b)
  ind = ind or ""
  local t = type(v)
  if t == "table" then
    b:put("{\n")
    local ks = {}
    for k in pairs(v) do ks[#ks+1] = k end
    table.sort(ks, function(x, y) return tostring(x) < tostring(y) end)
    for _, k in ipairs(ks) do
      b:put(ind, "  ", type(k) == "string" and k:match("^[%a_][%w_]*$") and k or "["..tostring(k).."]", " = ")
      ser(v[k], ind.."  ", b)
      b:put(",\n")
    end
    b:put(ind, "}")
  elseif t == "string" then
    b:putf("%q", v)
  elseif t == "number" and math.type(v) == "float" then
    b:putf("%.3f", v)
  else
    b:put(v)
  end
  return b
end

local md = "# Title\n\nSome *bold* and _it_ text with `code` and [link](http://x.y/z).\n\n"..
  "- one\n- two & three\n- <four>\n\n## Sub\nline two\n"
local esc = {["<"]="&lt;", [">"]="&gt;", ["&"]="&amp;"}
local function html(s)
  local b, list = Buf.new(), false
  for line in s:gmatch("([^\n]*)\n") do
    line = line:gsub("[<>&]", esc)
    line = line:gsub("%*(.-)%*", "<b>%1</b>"):gsub("_(.-)_", "<i>%1</i>")
    line = line:gsub("`(.-)`", "<code>%1</code>"):gsub("%[(.-)%]%((.-)%)", '<a href="%2">%1</a>')
    local h, t = line:match("^(#+)%s+(.*)$")
    local item = line:match("^%-%s+(.*)$")
    if list and not item then
      b:put("</ul>")
      list = false
    end
    if h then
      b:putf("<h%d>%s</h%d>", #h, t, #h)
    elseif item then
      if not list then
        b:put("<ul>")
        list = true
      end
      b:put("<li>", item, "</li>")
    elseif line ~= "" then
      b:put("<p>", line, "</p>")
    end
  end
  return b:str("\n")
end

local level = {debug=1, info=2, warn=3}
local sink, min = {}, 2
local function log(l, fmt, ...)
  if level[l] < min then return end
  sink[#sink+1] = ("[%s] "..fmt):format(l:upper(), ...)
  if #sink > 50 then sink = {} end
end

local h = 0
for i = 1, N do
  h = h + #html(md)
  local t = {id=i, name="n"..i, tags={"x", "y", i % 3}, pos={x=i / 2, y=-i}, ok=i % 2 == 0}
  h = h + #ser(t, "", Buf.new()):str()
  for j = 1, 30 do
    log(j % 3 == 0 and "debug" or j % 3 == 1 and "info" or "warn", "job %d of %s took %.1f ms", j, "user"..i, j * 1.5)
  end
  local s = ""
  for j = 1, 60 do s = s .. j .. "," end
  h = h + #s
  local rows = {}
  for j = 1, 10 do rows[j] = table.concat({j, j * j, ("x"):rep(j % 4)}, "\t") end
  h = h + #table.concat(rows, "\n")
end
print(h)
