-- pcall and xpcall as frames of a trace: errors, handlers, nesting, varargs, yields across
local function f(i) if i % 64 == 0 then error("x", 0) end return i % 5 end
local s, e = 0, 0
for i = 1, 100000 do local ok, v = pcall(f, i); if ok then s = s + v else e = e + 1 end end
print(s,e) --> 196873	1562
local function h(m) return "H"..m end
s=0 local hm
for i = 1, 1000 do local ok, v,w = xpcall(function(a,b) if a==777 then local x = nil + a end return a,b end, h, i, 2); if ok then s = s + v+w else hm=v end end
print(s,hm) --> 501721	Hpcall_inlined.lua:8: attempt to perform arithmetic on a nil value
local function nest(i) return pcall(pcall, f, i) end
local t={} for i=1,300 do local a,b,c=nest(i) t[#t+1]=tostring(a)..tostring(b)..tostring(c) end print(#table.concat(t)) --> 2704
local function deep(i) return select('#', pcall(function(...) return ... end, i, i, nil)) end
s=0 for i=1,300 do s=s+deep(i) end print(s) --> 1200
for i=1,200 do local ok,m=pcall(function() local t=setmetatable({},{__index=function(t,k) return k.x.y end}) return t[i] end) if i==200 then print(ok,m) end end --> false	pcall_inlined.lua:14: attempt to index a number value (local 'k')
local co=coroutine.wrap(function() for i=1,200 do local ok,v=pcall(function() return coroutine.yield(i) end) s=s+v end return "end" end)
local r=co() while r~="end" do r=co(r) end print(s) --> 21300
