-- packages: lua-lpeg
-- lpeg: grammars whose captures call back into Lua from C, inside loops that get compiled.
local lpeg = require "lpeg"
local re = require "re"
local P, R, S, V, C, Cf, Cg, Cmt, Cs, Ct, Cc, Cb, Cp = lpeg.P, lpeg.R, lpeg.S, lpeg.V, lpeg.C, lpeg.Cf, lpeg.Cg, lpeg.Cmt, lpeg.Cs, lpeg.Ct, lpeg.Cc, lpeg.Cb, lpeg.Cp

-- a calculator: folds with Lua functions
local space = S " \t\n" ^ 0
local number = C(P "-" ^ -1 * R "09" ^ 1) / math.tointeger * space
local calls = 0
local function eval(a, op, b)
    calls = calls + 1
    if op == "+" then return a + b end
    if op == "-" then return a - b end
    if op == "*" then return a * b end
    return b == 0 and 0 or a // b
end
local calc = P {
    "sum",
    sum = Cf(V "term" * Cg(C(S "+-") * space * V "term") ^ 0, eval),
    term = Cf(V "atom" * Cg(C(S "*/") * space * V "atom") ^ 0, eval),
    atom = number + P "(" * space * V "sum" * P ")" * space,
} * -1
local total = 0
for i = 1, 3000 do
    local text = i .. " + " .. i % 17 .. "*(3 - " .. i % 5 .. ") / 2 - (" .. i .. " - 7*" .. i % 3 .. ")"
    total = total + calc:match(text)
end
print("calculator", total, calls)
print("refused", calc:match("1 + "), calc:match("(1"), calc:match(""))

-- a JSON reader as a grammar
local json
do
    local ws = S " \t\r\n" ^ 0
    local escapes = { n = "\n", t = "\t", r = "\r", ["\\"] = "\\", ['"'] = '"', ["/"] = "/" }
    local char = P "\\" * C(1) / escapes + C(P(1) - S '"\\')
    local str = P '"' * Cs(char ^ 0) * '"' * ws
    local num = C(P "-" ^ -1 * R "09" ^ 1 * (P "." * R "09" ^ 1) ^ -1) / tonumber * ws
    json = P {
        ws * V "value" * -1,
        value = str + num + V "array" + V "object" + P "true" * ws * Cc(true) + P "false" * ws * Cc(false),
        array = P "[" * ws * Ct((V "value" * (P "," * ws * V "value") ^ 0) ^ -1) * "]" * ws,
        pair = Cg(str * ":" * ws * V "value"),
        object = P "{" * ws * Cf(Ct "" * (V "pair" * (P "," * ws * V "pair") ^ 0) ^ -1, rawset) * "}" * ws,
    }
end
local sum, names = 0, {}
for i = 1, 500 do
    local t = json:match('{"id": ' .. i .. ', "tags": ["a\\n", "b' .. i .. '", [1, 2.5, -3]], "deep": {"x": {"y": ' .. i * 2 .. "}}, \"ok\": true}")
    sum = sum + t.id + t.deep.x.y + t.tags[3][2] + #t.tags[2]
    names[#names + 1] = t.tags[2]
end
print("json", sum, names[1], names[500], json:match "[1, 2", json:match "[]" ~= nil)

-- match-time captures decide in Lua
local longer = 0
local even = Cmt(C(R "09" ^ 1), function(s, at, digits)
    longer = longer + 1
    return tonumber(digits) % 2 == 0 and at, digits
end)
local evens = Ct((even + 1) ^ 0)
for _ = 1, 200 do evens:match "1 22 333 4444 5 66" end
print("match time", longer, table.concat(evens:match "1 22 333 4444 5 66 78", ","))

-- substitution, positions, named groups, back captures
local trim = Cs((P " " / "" + 1) ^ 0)
local out = {}
for i = 1, 300 do out[i] = trim:match("a b  c " .. i) end
print("substitute", out[1], out[300], #table.concat(out))
local where = Ct((Cp() * "ab" + 1) ^ 0)
print("positions", table.concat(where:match "ab..ab.abab", " "))
local fence = Cg(P "=" ^ 1, "init") * C((P(1) - Cmt(P "=" ^ 1 * Cb "init", function(s, i, b) return s:sub(i - #b, i - 1) == b end)) ^ 0)
print("back capture", fence:match "==inside==")

-- re
local words = re.compile [[ list <- {| (word / .)* |}  word <- {:word: [a-z]+ :} -> {} ]]
print("re", #words:match "the quick brown fox", re.gsub("hello world", "[aeiou]", "*"), re.find("hello 123", "[0-9]+"))
local n = 0
for i = 1, 1000 do if re.match("key" .. i .. "=value", "[a-z]+ [0-9]+ '=' {[a-z]+}") == "value" then n = n + 1 end end
print("re in a loop", n)

-- errors pass through C and back
print(pcall(lpeg.match, P "a" / function() error("from a capture", 0) end, "a"))
print(pcall(P, { "missing" }))
print(select(2, pcall(lpeg.match, P(function(s, i) error { code = 7 } end), "x")).code)
local failed = 0
local odd = C(1) / function(c) if c == "x" then error "odd" end return c end
for i = 1, 400 do if not pcall(lpeg.match, odd, i % 4 == 0 and "x" or "y") then failed = failed + 1 end end
print("errors", failed)
print("version", lpeg.type(P "a"), lpeg.type "a", pcall(lpeg.match, P(1) ^ 3 * V "no", "abc"))
