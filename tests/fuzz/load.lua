-- load.lua SEED SECONDS FILE...: what `load` gets here is damaged text and damaged binary chunks of the files: bytes changed,
-- doubled, cut out, cut off, pieces of other chunks put in. It must answer with a function or with a message, never with an
-- end of the process (run it under the sanitizers as well). A damaged chunk that still loads is not run.
local seed, seconds = math.tointeger(arg[1]), tonumber(arg[2])
math.randomseed(seed)
local random, char = math.random, string.char
local texts, chunks = {}, {}
for i = 3, #arg do
  local f <close> = assert(io.open(arg[i], "rb"))
  local s = f:read("a")
  local fn = load(s, "=x")
  if fn then
    texts[#texts + 1] = s
    chunks[#chunks + 1] = string.dump(fn, i % 2 == 0)
  end
end
assert(#texts > 0, "no file that loads")

local TOKENS = {"(", ")", "{", "}", "[[", "]]", "--[==[", "end", "function ", "goto x ", "::x::", "<close>", "<const>", "...", "..", "//", "0x", "1e", "\"", "\\", "\\u{", "\\x", "\0", "\xff", "local ", "return ", "=", "~=", "and ", "for i=1,2 do ", "1e309", "0x.p"}
local function piece(list)
  local s = list[random(#list)]
  local at = random(#s)
  return s:sub(at, at + random(40))
end
local function damage(s, list)
  for _ = 1, random(1, 4) do
    local at, r = random(math.max(#s, 1)), random(8)
    if r == 1 then s = s:sub(1, at - 1) .. char(random(0, 255)) .. s:sub(at + 1)
    elseif r == 2 then s = s:sub(1, at - 1) .. char((s:byte(at) or 0) ~ 1 << random(0, 7)) .. s:sub(at + 1)
    elseif r == 3 then s = s:sub(1, at)
    elseif r == 4 then s = s:sub(1, at - 1) .. s:sub(at + random(8))
    elseif r == 5 then s = s:sub(1, at) .. piece(list) .. s:sub(at + 1)
    elseif r == 6 then s = s:sub(1, at) .. s:sub(at - random(20), at) .. s:sub(at + 1)
    elseif r == 7 then s = s:sub(1, at) .. ("\xff"):rep(random(9)) .. s:sub(at + 9)
    else s = s:sub(1, at) .. TOKENS[random(#TOKENS)]:rep(random() < 0.02 and 300 or 1) .. s:sub(at + 1) end
  end
  return s
end
-- in one piece, or by a reader in pieces of any size
local function feed(s)
  if random(3) > 1 then return s end
  local at = 1
  return function()
    local n = random(60)
    local p = s:sub(at, at + n - 1)
    at = at + n
    return p
  end
end

local loaded, refused, ends = 0, 0, os.clock() + seconds
repeat
  local binary = random(2) == 1
  local list = binary and chunks or texts
  local s = damage(list[random(#list)], list)
  local f, message = load(feed(s), "=x", random(4) == 1 and "bt" or binary and "b" or "t")
  if f then
    loaded = loaded + 1
    if random(20) == 1 and not binary then load(string.dump(f)) end
  else
    assert(type(message) == "string", "a message that is none")
    refused = refused + 1
  end
until os.clock() >= ends
collectgarbage()
print(("seed %d: %d loaded, %d refused"):format(seed, loaded, refused))
assert(refused > 0 and loaded > 0)
