-- String literals: escapes, long brackets, line ends, comments of every form, and what is refused.
print(("\a\b\f\n\r\t\v\\\"\'"):byte(1, -1)) --> 7	8	12	10	13	9	11	92	34	39
print("\65\066\x43\u{44}\u{20ac}" == "ABCD\xe2\x82\xac", #"\0\00\000\0000", "\z
       joined", "a\
b" == "a\nb") --> true	5	joined	true
print(#"\u{0}\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{7fffffff}") --> 22
print([[long]], [==[with ]] and ]=] inside]==], [[
first newline dropped]], #[[

]], [[\n is not an escape]]) --> long	with ]] and ]=] inside	first newline dropped	1	\n is not an escape
print(#[[a
b]], [[a
b]] == "a\nb") --> 3	true
-- carriage returns are normalized in long strings of loaded chunks
print(#load("return [[a\r\nb\rc\n\rd]]")(), #load("return 'a\\\r\nb'")()) --> 7	3
-- comments
local x = 1 -- to the end
--[[ a block
  of lines ]] x = x + 1
--[==[ with ]] inside ]==] x = x + 1
---[[ not a block
x = x + 1
--]]
--[ not a block either [[
x = x + 1
print(x) --> 5
print(#"", '"', "'", [["']], '\'', "\"") --> 0	"	'	"'	'	"
for _, bad in ipairs { "'abc", '"abc\n"', "'\\x1'", "'\\u{110000000}'", "'\\u{zz}'", "'\\u41'", "'\\256'", "'\\q'", "[[abc", "[==[abc]=]", "--[[abc", "'\\" } do
  print((select(2, load("return " .. bad, "=s")):gsub("\n", "/")))
end
--> s:1: unfinished string near <eof>
--> s:1: unfinished string near '"abc'
--> s:1: hexadecimal digit expected near ''\x1''
--> s:1: UTF-8 value too large near ''\u{110000000'
--> s:1: hexadecimal digit expected near ''\u{z'
--> s:1: missing '{' near ''\u4'
--> s:1: decimal escape too large near ''\256''
--> s:1: invalid escape sequence near ''\q'
--> s:1: unfinished long string (starting at line 1) near <eof>
--> s:1: unfinished long string (starting at line 1) near <eof>
--> s:1: unfinished long comment (starting at line 1) near <eof>
--> s:1: unfinished string near <eof>
-- all bytes through a literal
local wrong = 0
for i = 0, 255 do
  local c = string.char(i)
  for _, form in ipairs { "'\\%03d'", "'\\x%02x'" } do
    if load("return " .. form:format(i))() ~= c then wrong = wrong + 1 end
  end
  if c ~= "\r" and c ~= "]" and c ~= "\n" and load("return [==[" .. c .. "]==]")() ~= c then wrong = wrong + 1 end
  if not c:find("[\r\n'\\]") and load("return '" .. c .. "'")() ~= c then wrong = wrong + 1 end
end
print(wrong) --> 0
-- identifiers and keywords
local _, _1, a_b, A9 = 1, 2, 3, 4
print(_ + _1 + a_b + A9) --> 10
print(load("local end = 1") == nil, load("local and1, nott = 1, 2; return and1 + nott")()) --> true	3
-- a shebang line is a comment in files only
print(load("#!/bin/lua\nreturn 1") == nil) --> true
-- semicolons, empty statements, and a call on the next line
;;; local y = (function() return 5 end)
; (function() y = y() end)()
print(y) --> 5
return print("end") --> end
