-- snippets.lua: pieces of program for gen.lua that random statements seldom or never make: what the standard library,
-- metamethods, closing, coroutines, the debug library and the collector do inside a hot loop.
--
-- One string per piece. In it $I $N $S $B $A are expressions (integer, number, string, boolean, any value), $C a small
-- constant, $R how often a loop runs, $L random statements; ! before it: it takes long. A piece declares names of one capital letter only (not P O R D,
-- which are the prelude's), so that no expression in it can mean another variable than outside; it prints nothing, mixes
-- what it finds into h, and obeys the invariants of gen.lua (no address, no order of pairs, no sign of NaN).
return {
  -- traversal: every kind of key, changed while it is walked
  [[local M, C, N = {[1.5] = $N, [-2.5] = 1, [true] = 2, [false] = $N, x = $N, [P] = 4, [toi] = 5, [1 << 40] = 6, "a"}, 0, 0
    for X = 1, $R do for K, V in pairs(M) do N = N + 1; if K == "x" then M.x = X elseif K == 1.5 then M[1.5] = nil elseif V then C = C + (hash_of(V) & 7) end end M[1.5] = X end
    mix(N); mix(C)]],
  [[local M, C, I = {}, 0, $I % 3
    for X = 1, $R do M["k" .. X] = X; M[X * 1.5] = X; M[X * 3] = X end
    for K, V in next, M do C = C + hash_of(K) * V; if V % 3 == I then M[K] = nil end end
    local K, V = next(M); while K ~= nil do C = C ~ hash_of(K) + V; K, V = next(M, K) end
    mix(C)]],
  [[local M = {} for X = 1, $R do M[X] = X; M[-X] = $N; M["s" .. X % 7] = X end
    local C = 0 for J = 1, 3 do for K, V in pairs(M) do if math.type(K) == "integer" and K > 0 and K % 2 == J % 2 then M[K] = nil else C = C + hash_of(V) end end end
    for X = 1, $R do if M[X] then C = C + X end end mix(C)]],
  [[local T, C = {1, 2, 3}, 0 for X, V in ipairs(T) do if X < $R then T[X + 3] = V end C = C + V * X end mix(C); mix(#T)]],
  [[local T = setmetatable({}, {__index = function(_, K) if K <= $C then return K * 2 end end}) local C = 0 for X = 1, $R do for K, V in ipairs(T) do C = C + K * V end end mix(C)]],
  [[local T = {10, 20, nil, 40, x = 1} local C = 0 for X = 1, $R do for K, V in ipairs(T) do C = C + K * V end T[3] = X % 5 == 0 and X or nil end mix(C)]],
  [[local F, G = pcall(function() local T = {1, 2, 3, x = 1} for K in pairs(T) do next(T, "absent") end end) mix(F); mix(text(G))]],
  [[local T, C = setmetatable({}, {__pairs = function(T) return function(_, K) K = (K or 0) + 1; if K <= $C then return K, K * K end end, T, nil end}), 0 for X = 1, $R do for K, V in pairs(T) do C = C + K ~ V end end mix(C)]],
  -- the string library on traces
  [[local C = 0 for K, V in (("key1=val1, k2 = v2;x=,y=" .. $S):rep(3)):gmatch("(%w+)%s*=%s*(%w*)") do C = C * 31 + #K + #V * 3; mix(K) end mix(C)]],
  [[local C = 0 for X = 1, $R do for K in ("a b " .. X .. " c"):gmatch("%S+") do C = C + #K end for K in ("abc"):gmatch("()") do C = C + K end end mix(C)]],
  [[local C = 0 for K in ("x1y22z333"):rep($C):gmatch("%a(%d+)") do C = C + tonumber(K) end for K in ("aXbX"):rep($C):gmatch("^a") do C = C + 1 end mix(C)]],
  [[local T = {} for X = 1, $R do local Y = ("%d:%s"):format(X, $S) T[#T + 1] = Y:sub(-X % 9, X % 11); T[#T + 1] = Y:byte(X % 7 - 3) or "z"; local U, V, W = Y:byte(1, 3); T[#T + 1] = string.char(U & 127, V & 127) end mix(table.concat(T, ","))]],
  [[local U, C = $S, 0 for X = 1, $R do local F, G, K = (U .. X):find("(%d+)", X % 4 - 2) C = C + (F or 7) * 3 + (G or 1) if K then C = C + #K end local Y = (U .. "x.y"):find(".", X % 5, true) C = C ~ (Y or 77) end mix(C)]],
  [[local C = 0 for X = 1, $R do local U = ("ab,cd,,e" .. X % 3):gsub(",", X % 2 == 0 and ";" or "%%", X % 4) C = C + #U; U = U:gsub("%w", {a = "Z", b = false, c = X}) mix(U) U = U:gsub("(%w)(%w)", function(Y, Z) if Y == "Z" then return nil end return Z .. Y .. X % 10 end) C = C ~ #U mix(U) end mix(C)]],
  [[local F, G = pcall(function() local C = 0 for X = 1, $R do C = C + select(2, ("abcabc"):gsub("b", function(Y) if X == $C then error({X}) end return Y:upper() end)) end return C end) mix(F); mix(text(G))]],
  [[for X = 1, $R do mix((("x"):rep(X % 5, X % 2 == 0 and "," or nil))) mix(("%5s|%-5s|%05d|%+d|%x|%o|%c|%5.2s|%q"):format($S, X, X, X, X, X, 65 + X % 20, "abc", X % 3 == 0 and "a\nb\0c" or X / 3)) end]],
  [[for X = 1, $R do mix(("%g %.3f %e %a %i"):format(X / 3, X * 1e10, -X, X / 4, X)) mix(tostring(X / 2)); mix(tostring(X * 1e15)); mix(tostring(-0.0 * X)); mix(tostring(2^53 + X)) mix(X .. "" .. X / 2 .. "|") end]],
  [[local T = {"10", "0x1p4", " 7 ", "1e1", "0x", "", "1e", "-0", "- 1", "1_0", "inf", "9223372036854775807", "9223372036854775808", "0x7fffffffffffffffff", "1.", ".5", "5 \0"} for X = 1, $R do local V = tonumber(T[X % #T + 1]) mix(V) mix(tonumber(T[X % #T + 1], 16)) mix(math.type(V)) mix(tonumber(("%x"):format(X), X % 20 + 16)) end]],
  [[for X = 1, $R do mix(("10" + X) * "3"); mix("0x10" // (X | 1)); mix(-"2" + X); mix(" 5 " % 3 - X); mix("1e1" ^ 2 / X); mix(X .. 1.5 .. "2"); mix(10 .. X); end]],
  [[for X = 1, $R do local F, G = pcall(function() return ($S) + X end) mix(F) mix(text(G)) F, G = pcall(function() return ($S) | X end) mix(F) mix(text(G)) end]],
  [[local T = {"a", "b", "aa", "a\0b", "a\0c", "", "B", "10", "9"} local C = 0 for X = 1, $R do local U, V = T[X % 9 + 1], T[X * 7 % 9 + 1] C = C * 2 ~ (U < V and 1 or 0) + (U <= V and 3 or 0) + (U == V and 7 or 0) + (U > V and 11 or 0) end mix(C)]],
  [[local C = 0 for X = 1, $R do local U = utf8.char(X, X * 50 + 128, 0x10000 + X) C = C + #U + utf8.len(U) + utf8.codepoint(U, 1) + utf8.offset(U, 2) for Y, Z in utf8.codes(U) do C = C ~ Y * Z end end mix(C)]],
  [[local U = "" for X = 1, $R do U = U .. string.char(97 + X % 26) .. X if #U > 90 then U = U:sub(40) .. $S end end mix(U) mix(U:reverse():upper())]],
  [[local U = string.pack("<i4dz", $I & 0xffff, $N, "zz") for X = 1, $R do local Y, Z, W, V = string.unpack("<i4dz", string.pack("<i4dz", X, X / 2, "q" .. X)) h = h + Y + V; mix(Z); mix(W) end]],
  [[local G = getmetatable("") G.__index.twice = function(Y) return Y .. Y end for X = 1, $R do h = h + #($S):twice() end G.__index.twice = nil mix(pcall(function() return ("x"):twice() end))]],
  -- the table library
  [[local T = {} for X = 1, $R do table.insert(T, (X * 7) % (#T + 1) + 1, X) if X % 4 == 0 then h = h + table.remove(T, X % #T + 1) end end for X = 1, #T do h = h * 3 + T[X] end]],
  [[local T = {} for X = 1, $R do table.insert(T, 1, X); table.insert(T, $N); if #T > 20 then mix(table.remove(T, 1)); mix(table.remove(T)) end end mix(#T)]],
  [[local T = {} for X = 1, $R do T[X] = (X * $I) % 101 end mix(pcall(table.sort, T, function(X, Y) h = h * 3 + X - Y return X < Y end)) for X = 1, math.min(#T, 30) do h = h * 5 + T[X] end]],
  [[local T = {} for X = 1, math.min($R, 90) do T[X] = {k = X * 37 % 17, n = X} end table.sort(T, function(X, Y) if X.k ~= Y.k then return X.k < Y.k end return X.n > Y.n end) for X, V in ipairs(T) do h = h * 3 + V.n * X end]],
  [[local T = {3, 1, "x", 2} mix(pcall(table.sort, T)) T = {5, 2, 9, 1, 7, 3} mix(pcall(table.sort, T, function(X, Y) if X == $C then error("stop") end return X > Y end)) for X = 1, #T do mix(T[X]) end]],
  [[local T = {} for X = 1, $R do T[X] = X end table.move(T, 3, #T, 1) table.move(T, 1, #T - 2, 2) for X = 1, #T do h = h * 3 + T[X] end mix(table.concat(T, "-", 2, math.min(#T, 9))) mix(select("#", table.unpack(T, 1, 5))) mix((table.unpack(T, -1, 2)))]],
  [[local T = setmetatable({}, {__index = function(_, K) return K end, __newindex = function(T, K, V) rawset(T, K, V) end, __len = function() return 5 end}) mix(table.concat(T, ",")) table.insert(T, 9) mix(table.remove(T)) mix(table.unpack(T)) mix(#T)]],
  [[local T = {} for X = $R, 1, -1 do T[X] = X * 2 end for X = 1, $R, 3 do T[X] = nil end for X = 1, $R do mix(T[X]) end T[2^53] = 1 T[1e300] = 2 mix(T[2^53 | 0]) mix(T[1e300])]],
  [[local T = {} for X = 1, $R do T[X] = X; T[X + 0.5] = -X; T[tostring(X)] = X end for X = $R, 1, -1 do T[X] = nil; mix(T[X + 0.5]); mix(#T == X - 1) end mix(T["1"])]],
  [[local T = {} for X = 1, $R do T[#T + 1] = X % 3 == 0 and X / 2 or X % 5 == 0 and "s" or X end local C = 0 for X = 1, #T do local V = T[X] if type(V) == "string" then C = C + #V elseif V == V // 1 then C = C + 1 else C = C + 2 end end mix(C)]],
  [[local T = {n = 0} for X = 1, $R do T[X], T.n, T[-X] = X, T.n + 1, $A end mix(T.n) local J = 1 J, T[J] = J + 1, "set" mix(J) mix(T[1]) mix(T[2])]],
  [[for X = 1, $R do local T = {va(X, $A), X, [10] = 1, va(nil, 2, 3)} mix(#T) mix(T[2]) mix(T[4]) T = {[1] = "a", "b", [2] = "c", x = X, "d"} mix(T[1] .. T[2]) end]],
  [[for X = 1, $R do local F, G = pcall(function() local T = {} if X % 3 == 0 then T[0 / 0] = 1 elseif X % 3 == 1 then T[nil] = 1 else rawset(T, 0 / 0, X) end end) mix(F) mix(text(G)) end mix(({})[0 / 0]) mix(({})[nil])]],
  -- numbers
  [[local U = 0.0 for X = 1, $R do U = U + math.sin(X) * math.cos(X / 3) + math.exp(-X) + math.log(X) + math.log(X, 2) + math.log(X, 10) + math.log(X, 3) + math.sqrt(X) + math.atan(X, 3) + math.atan(X) + math.tan(X) % 1 + math.asin(X % 2 / 2) + math.acos(X % 3 / 3) end mix(U)]],
  [[for X = 1, $R do local Y = $N mix(math.floor(Y)); mix(math.ceil(Y)); mix(math.abs(Y)); mix(math.tointeger(Y)); mix(math.fmod(X, 7)); mix(math.fmod(-X, 3.5)); local Z, W = math.modf(Y) mix(Z); mix(W) mix(math.ult(X, -1)) mix(math.max(X, Y)) mix(math.min(Y, X)) end]],
  [[local Y = $I for X = -5, $R do mix(Y << X); mix(Y >> X); mix(Y >> (X * 13)); mix(1 << X % 70); mix(-1 >> (X & 127)); mix(Y << (X | math.mininteger)); mix(Y & X | Y ~ X) end]],
  [[local U, V = math.mininteger, $I for X = -$C, $C do if X ~= 0 then mix(U // X); mix(U % X); mix(V // X); mix(V % X); mix(V % -X) end mix(V / X) mix(X // 0.0) mix(V % 1e308) mix(X % math.huge) mix(-X % -math.huge) mix(X // 0.3) mix(5.5 % X) end]],
  [[for X = 0, $R do local F, G = pcall(function() return $C // (X & 1), $C % (X % 3) end) mix(F) mix(text(G)) end]],
  [[local U = 1 << 53 for X = -$C, $C do local Y, Z = U + X, 2.0^53 + X mix(Y < Z) mix(Y == Z) mix(Y <= Z) mix(Z < Y) mix(Z <= Y) mix(Y // 1 | 0) mix(math.maxinteger + X < 2.0^63) mix(math.mininteger + X <= -2.0^63) mix(X < 0 / 0) mix(X + 0.5 >= X) end]],
  [[local U, V = $N, $I for X = 1, $R do if U < V then U = U + X elseif U == V then U = U / 2 else U = U - X * 1.5 end if V <= U then V = V + 1 end if U ~= U then U = 0.5 end end mix(U) mix(V)]],
  [[local C = 0 for X = 1, 3.9 do C = C + X end for X = 3, 1.5, -1 do C = C * 3 + X end for X = 1, 0 / 0 do C = C + 100 end for X = 1, math.huge do if X > $R then break end C = C + X end for X = -1, -math.huge, -1 do if X < -$R then break end C = C + X end for X = 0.1, 1.05, 0.1 do C = C + toi(X * 100) end for X = 1.0, $C do mix(X) end mix(C)]],
  [[local C = 0 for X = math.maxinteger - $C, math.maxinteger, 7 do C = C + X end for X = math.mininteger + $C, math.mininteger, -3 do C = C ~ X end for X = 1, math.maxinteger, math.maxinteger // $C do C = C + X end for X = math.maxinteger, 1, math.mininteger do C = C + 1 end for X = 3, 2 do C = -1 end mix(C)]],
  [[local F, G = pcall(function() for X = 1, $R do for Y = X % 9 == 8 and "1" or 1, 2 do mix(Y) end end end) mix(F) mix(text(G)) F, G = pcall(function() for X = 1, 10, toi($N) & 1 do h = h + X end end) mix(F) mix(text(G))]],
  [[local U, V = 0, 1 for X = 1, $R do U, V = V, U + V if X % 40 == 0 then U, V = U + 0.0, V * 1.0 elseif X % 40 == 20 then U, V = toi(U), toi(V) end end mix(U) mix(V)]],
  -- metamethods
  [[local M = {} M.__index = M M.__eq = function(X, Y) return X.n % 3 == Y.n % 3 end M.__lt = function(X, Y) return hash_of(type(X) == "table" and X.n or X) < hash_of(type(Y) == "table" and Y.n or Y) end M.__le = function(X, Y) return not (Y < X) end
    local T, C = {}, 0 for X = 1, 12 do T[X] = setmetatable({n = X * $C}, M) end
    for X = 1, $R do local U, V = T[X % 12 + 1], T[X * 5 % 12 + 1] C = C * 2 ~ (U == V and 1 or 0) + (U < V and 2 or 0) + (U <= V and 4 or 0) + (U ~= V and 8 or 0) + (U > 5 and 16 or 0) + (7 >= V and 32 or 0) end mix(C)]],
  [[local M = {__concat = function(X, Y) return (type(X) == "table" and X.s or X) .. "+" .. (type(Y) == "table" and Y.s or Y) end, __len = function(X) return #X.s end, __unm = function(X) return X.s .. "-" end, __tostring = function(X) return "<" .. X.s .. ">" end, __name = "thing"}
    for X = 1, $R do local T = setmetatable({s = "s" .. X}, M) mix(T .. "a") mix("b" .. T) mix(1 .. T .. T) mix(#T) mix(-T) mix(tostring(T)) mix(("%s"):format(T)) end]],
  [[local F = setmetatable({n = $C}, {__call = function(T, X, ...) T.n = T.n + 1 return X, T.n, ... end}) local G = setmetatable({}, {__call = F}) for X = 1, $R do local Y, Z, W = F(X, 3) h = h + Y + Z + W Y, Z, W = G(X) mix(type(Y)) mix(Z) mix(select("#", F(X))) end mix(pcall(F)) mix(select("#", pcall(setmetatable({}, {__call = 5}))))]],
  [[local T = {a = 1} for X = 1, 6 do T = setmetatable({["k" .. X] = X}, {__index = T}) end local C = 0 for X = 1, $R do C = C + T.a + T.k1 + T.k6 + (T.none or 5) if X == $R // 2 then getmetatable(T).__index.a = 10 end end mix(C)]],
  [[local U = {} local T = setmetatable({}, {__newindex = setmetatable({}, {__newindex = U}), __index = U}) for X = 1, $R do T[X % 5] = X; T["f" .. X % 3] = $N; h = h + T[X % 5] end mix(next(T)) for X = 0, 4 do mix(U[X]) end]],
  [[local T, C = setmetatable({}, {__newindex = function(T, K, V) if V == nil then return end rawset(T, K, V + 1) end}), 0 for X = 1, $R do T[X] = X; T[X] = T[X] + 1; if X % 3 == 0 then T[X] = nil; T[X] = 5 end C = C + T[X] end mix(C)]],
  [[local M = {__index = function(T, K) local V = K * 2 rawset(T, K, V) return V end} local T = setmetatable({}, M) for X = 1, $R do h = h + T[X % 20] if X % 30 == 0 then T = setmetatable({}, M) end end]],
  [[local M = {__add = function(X, Y) return $I end, __mod = function() return nil end, __idiv = function(X, Y) return X, Y end, __band = function(X, Y) return math.type(Y) end, __shl = function() return false end, __bnot = function(X) return X end, __div = function(X, Y) return 1, 2 end, __pow = function(X, Y) return Y end}
    local T = setmetatable({}, M) for X = 1, $R do mix(T + X) mix(X + T) mix(T % 2) mix((T // X) == T) mix(T & X) mix(2.5 & T) mix(T << 1) mix(~T == T) mix(T / X) mix(T ^ X) mix(pcall(function() return T - X end)) end]],
  [[local T = setmetatable({}, {__metatable = "locked"}) for X = 1, $R do mix(getmetatable(T)) mix((pcall(setmetatable, T, {}))) mix(getmetatable("").__name) mix(getmetatable(X)) end]],
  [[local M, C = {__index = function() return 1 end}, 0 local T = setmetatable({}, M) for X = 1, $R do C = C + T.x if X == $R - 3 then M.__index = function() return 2 end elseif X == $R - 2 then M.__index = {x = 3} elseif X == $R - 1 then setmetatable(T, nil) T.x = 4 end end mix(C)]],
  [[local A, C = {}, 0 A.__index = A function A.new(X) return setmetatable({v = X}, A) end function A:get() return self.v end local B = setmetatable({}, {__index = A}) B.__index = B function B.new(X) return setmetatable(A.new(X), B) end local Z = setmetatable({}, {__index = B}) Z.__index = Z function Z:get() return B.get(self) * 2 end
    for X = 1, $R do local T = X % 3 == 0 and A.new(X) or X % 3 == 1 and B.new(X) or setmetatable({v = $N}, Z) C = C + toi(T:get()) if X == $R // 2 then function A:get() return 1 end end end mix(C)]],
  [[local C, M = 0, {} M.__newindex = function(T, K, V) C = C + 1 rawset(T, K, V) end local T, U = setmetatable({x = 1, 2, 3}, M), setmetatable({}, M)
    for X = 1, $R do T.x = X; U.x = $A; T[X % 3] = X; U[X % 7] = $N; T.y = X if X % $C == 0 then T.x = nil; T[2] = nil end if X & 3 == 0 then U.x, T.y, U[3] = nil end mix(T.x) mix(U[3]) if X == $R // 2 then setmetatable(U, nil) end end mix(C)]],
  [[local T, Q = {}, {__mode = $C % 2 == 0 and "kv" or $C % 2 == 0 and "k" or "v"} for X = 1, $R do local U = setmetatable({}, Q) T[X % 8] = U for Y = 1, $C do U["a" .. X % 5 .. Y] = Y; U[Y] = Y * 2 end if X % 16 == 0 then setmetatable(U, {__mode = "v"}) end local V = T[(X + 3) % 8] if V then mix(V["a1" .. 1]) mix(V["a2" .. 2]) mix(V[1]) mix(V[2]) end end]],
  -- closures, varargs, calls
  [[local function F(...) return select("#", ...), ... end local function G(...) return F(...) end local function K(X, ...) if X > 0 then return K(X - 1, X, ...) end return G(...) end for X = 1, $R do mix((K(X % 6))) mix(select(-1, K(X % 4, $A))) mix(select(2, F(nil, nil, X))) end]],
  [[local function F(X, ...) local T = {...} local Y, Z = ... for J = 1, select("#", ...) do local W = select(J, ...) mix(W) end return #T + (X or 0), Y, Z end for X = 1, $R do mix((F(X, $A, $A))) mix((F())) mix(select("#", F(1, table.unpack(hash, 1, X % 7)))) end]],
  [[local T = {} for X = 1, math.min($R, 40) do local Y = X local function F() Y = Y + 1 X = X + Y return X end T[#T + 1] = F T[#T + 1] = function() local Z = Y; return function() Z = Z + 1; Y = Y ~ Z; return Z end end end for J = 1, 3 do for X = 1, #T, 2 do h = h * 3 + T[X]() + T[X + 1]()() end end]],
  [[local U = 0 local function F() U = U + 1; local function G() U = U * 2 % 1000; return function() U = U - 1; return U end end return G() end for X = 1, $R do h = h * 3 + F()() + U end]],
  [[local F, G function F(X) if X <= 0 then return "done" end return G(X - 1) end function G(X) if X <= 0 then return "gone" end return F(X - 2) end for X = 1, $R do mix(F(X % 25)) end]],
  [[local function F(X) if X < 2 then return X end return F(X - 1) + F(X - 2) end mix(F(8)) local function G(X, Y) if X == 0 then return Y + 1 elseif Y == 0 then return G(X - 1, 1) end return G(X - 1, G(X, Y - 1)) end mix(G(2, 3))]],
  [[local T = {f = function(T, X) return T.g(T, X) + 1 end, g = function(T, X) return X * T.n end, n = $C} for X = 1, $R do h = h + T:f(X) if X % 30 == 0 then T.g = X % 60 == 0 and function(_, X) return X end or function(T, X) return X - T.n end end end]],
  [[local T = {} for X = 1, $R do local Y <const> = X * 2; T[X % 8 + 1] = function() return Y end; if T[$C] then h = h + T[$C]() end end]],
  [[g1 = function(X) return X + 1 end for X = 1, $R do h = h + g1(X) if X % 20 == 0 then local Y = X g1 = function(X) return X * Y end end end g1 = 1]],
  [[local X, C = 0, 0 ::top:: X = X + 1 if X % 3 == 0 then goto next end C = C + X if C % 7 == 0 then C = C + $C end ::next:: if X < $R then goto top end mix(C)]],
  [[local C = 0 for X = 1, $R do for Y = 1, 5 do if (X + Y) % 3 == 0 then goto next end if Y == 4 and X % 5 == 0 then goto out end C = C + Y do local Z = Y local F = function() return Z end if F() == 9 then goto next end end ::next:: end ::out:: end mix(C)]],
  [[local C, X = 0, 0 while true do X = X + 1 if X > $R then break end repeat local Y = X % 4 if Y == 0 then break end C = C + Y until Y ~= 3 or C % 2 == 0 end mix(C)]],
  [[for X = 1, $R do local U, V, W = va(X, $A) mix(V) mix(W) U, V, W = (va(X)) mix(V) local T = {va(X), va(1, 2)} mix(#T) if not (X > 3 and va(X) == X or X < 2) then mix("no") end mix(not not (X and nil)) end]],
  -- errors and closing
  [[local function F(X) if X % 4 == 0 then error({code = X}) elseif X % 4 == 1 then error("m" .. X, X % 3) elseif X % 4 == 2 then error() end return X end for X = 1, $R do local U, V = pcall(F, X) mix(U) mix(type(V) == "table" and V.code or text(V)) U, V = pcall(pcall, F, X) mix(V) end]],
  [[for X = 1, $R do local U, V = xpcall(function(Y) if Y % 3 == 0 then local Z = nil; return Z.x elseif Y % 3 == 1 then error("e", 0) end return Y end, function(E) return "h:" .. tostring(E) end, X) mix(U) mix(V) end]],
  [[for X = 1, $R do local U, V = pcall(function() local Q = nil local U, V = pcall(function() return $A + $A end) mix(U) mix(text(V)) error(V, 0) end) mix(U) mix(text(V)) end]],
  [[!local function F(X) return 1 + F(X + 1) end local U, V = pcall(F, 1) mix(U) mix(V:find("stack overflow") and 1) local function G(X) return (G(X + 1)) end U, V = pcall(G, 1) mix(U) mix(V:find("overflow") and 1)]],
  [[!local U, V = xpcall(function() local function F() return F() .. "x" end return F() end, function(E) return #E > 0 end) mix(U) mix(V) U, V = pcall(string.rep, "x", -1) mix(V) U, V = pcall(string.rep, "x", 1 << 62, "y") mix(V)]],
  [[for X = 1, $R do local C <close> = closer(X) local G <close> = X % 2 == 0 and closer(-X) or nil if X % 5 == 0 then goto next end if X % 7 == 0 then break end h = h + 1 ::next:: end]],
  [[local function F(X) local C <close> = closer(X) local Y <const> = X * 2 if X % 3 == 0 then return Y, X end for Z = 1, 3 do local G <close> = closer(Z) if Z == X % 4 then return Z end end return "end" end for X = 1, $R do mix((F(X))) mix(select("#", F(X))) end]],
  [[for X = 1, $R do local U, V = pcall(function() local C <close> = setmetatable({}, {__close = function(_, E) mix(text(E)) if X % 3 == 0 then error("in close " .. X, 0) end end}) if X % 2 == 0 then error("body", 0) end return X end) mix(U) mix(text(V)) end]],
  [[local function F(X) local Y = 0 return function() Y = Y + 1 if Y <= X then return Y end end, nil, nil, closer(X) end for X = 1, $R do for Y in F(X % 6) do h = h + Y if Y == 4 then break end end end mix(pcall(function() for Y in F(3) do error("in loop") end end))]],
  [[for X = 1, $R do mix(assert(X, "never")) mix(select("#", assert(1, 2, nil))) mix((select(2, pcall(assert, X % 9 ~= 0 and X or nil, "nine")))) mix((select(2, pcall(assert, false)))) end]],
  -- coroutines
  [[for X = 1, math.min($R, 60) do local F = coroutine.wrap(function(Y, ...) local Z = Y for J = 1, 5 do Z = Z + (coroutine.yield(Z, J) or 0) end return "end", ... end) mix((F(X))) for J = 1, 5 do mix((F(J))) end mix((pcall(F))) end]],
  [[local T = {} for X = 1, 8 do T[X] = coroutine.create(function(Y) while true do local Z = coroutine.yield(Y * X) Y = Y + (Z or 1) if Y > 1000 then error("big") end end end) end for X = 1, $R do local U, V = coroutine.resume(T[X % 8 + 1], X) mix(U) mix(V) mix(coroutine.status(T[X % 8 + 1])) end]],
  [[local F = coroutine.wrap(function() for X = 1, $R do local U, V = pcall(function() local Y = coroutine.yield(X) if Y == $C then error("c", 0) end return Y end) mix(U) mix(V) end return nil end) local X = F() while X do X = F(X) end]],
  [[local F = coroutine.wrap(function() local C <close> = closer($C) for X = 1, $R do coroutine.yield(X) end end) for X = 1, $C do h = h + (F() or 0) end local G = coroutine.create(function() local C <close> = closer(3) coroutine.yield() end) coroutine.resume(G) mix(coroutine.close(G)) mix(coroutine.status(G))]],
  [[local M = setmetatable({}, {__add = function(X, Y) return coroutine.yield(Y) end, __index = function(_, K) return coroutine.yield(K) end, __lt = function() return coroutine.yield(0) end, __concat = function(X, Y) return coroutine.yield(-1) end}) local F = coroutine.wrap(function() local C = 0 for X = 1, $R do C = C + (M + X) + M[X] + (M < M and 1 or 2) + #(M .. "x") end return "r" .. C end) local V = F() while type(V) == "number" do V = F(V == -1 and "abc" or V) end mix(V)]],
  [[local F = coroutine.wrap(function() table.sort({3, 1, 2}, function(X, Y) coroutine.yield(1) return X < Y end) end) mix(pcall(F)) F = coroutine.wrap(function() ("abc"):gsub(".", function(X) coroutine.yield(X) end) end) mix(pcall(F)) mix(coroutine.isyieldable()) for X in coroutine.wrap(function() for X = 1, $R do if X % 2 == 0 then coroutine.yield(X) end end end) do h = h * 3 + X end]],
  [[local function F(X) if X > 0 then coroutine.yield(X) return F(X - 1) end return "end" end for Y = 1, 5 do local G = coroutine.create(F) for X = 1, $C + 2 do local U, V = coroutine.resume(G, $C) mix(U) mix(V) end end local function K(X, Y) if Y > 0 then K(X * 2, Y - 1) coroutine.yield(X) K(X * 2 + 1, Y - 1) end end for X in coroutine.wrap(function() K(1, 5) end) do h = h * 3 + X end]],
  -- debug, load, collector
  [[for X = 1, $R do local Y = $N if X % 50 == 9 then local N, V = debug.getlocal(1, 1) mix(N) mix(debug.getinfo(1, "l").currentline) mix(debug.getinfo(1, "S").what) mix(select("#", debug.getlocal(1, 90))) end mix(Y) end]],
  [[local C = 0 local function F(X) C = C + 1 return X + C end for X = 1, $R do h = h + F(X) if X % 40 == 0 then mix((debug.getupvalue(F, 1))) debug.setupvalue(F, 1, X) end end mix(C)]],
  [[local U, V = 1, 2 local function F() U = U + 1 return U end local function G() V = V * 2 % 997 return V end for X = 1, $R do h = h + F() * G() if X == $R // 2 then debug.upvaluejoin(F, 1, G, 1) end end mix(U) mix(V)]],
  [[local C = 0 for X = 1, $R do if X == $C then debug.sethook(function() C = C + 1 end, "", 1) elseif X == $C + 3 then debug.sethook() end h = h + X end mix(C > 0 or $C > $R) C = 0 debug.sethook(function(E) C = C + 1 end, "cr") mix(va(1, 2)) debug.sethook() mix(C)]],
  [[local function F(X) if X == 0 then return (debug.traceback("t", 1):gsub("%[C%].*$", "")) end local Y = F(X - 1) return Y end for X = 1, $R do if X % 33 == 5 then mix(F(X % 3)) else h = h + X end end]],
  [[local function F(X) local Y, Z = X, $N if X % 40 == 7 then for J = 1, 9 do if debug.getlocal(1, J) == "Y" then debug.setlocal(1, J, -X) end end end return Y end for X = 1, $R do h = h + F(X) end]],
  [[for X = 1, math.min($R, 12) do local F = load("local X, Y = ... local C = 0 for J = 1, 90 do C = C + J * X " .. (X % 2 == 0 and "+ Y" or "") .. " end return C") mix(F(X, $I)) F = load(string.dump(F, X % 3 == 0)) mix(F(X, 1)) end mix(load("x = = 1")) mix(load("return ...", "=n", "t", {})(5))]],
  [[local W = setmetatable({}, {__mode = "v"}) local Q = setmetatable({}, {__mode = "k"}) for X = 1, math.min($R, 30) do (function() W[X] = {X}; Q[{}] = X end)() local T = {X} Q[T] = T W["s" .. X % 3] = X if X % 9 == 0 then collectgarbage() mix(W[X] == nil) mix(Q[T] == T) mix(W.s1) end end]],
  [[local C = 0 for X = 1, $R do (function() setmetatable({}, {__gc = function(O) C = C + 1 end}) end)() local T = {X, {X}} h = h + #T + T[2][1] if X % 50 == 49 then collectgarbage() mix(C > 0) end end]],
  [[local T for X = 1, $R do T = {next = T, v = X} if X % 25 == 0 then collectgarbage("step") elseif X % 60 == 59 then T = nil end end local C = 0 while T do C = C + T.v T = T.next end mix(C)]],
  [[for X = 1, $R do local K = {} K[1] = X; K.a = $N; K.b = K; K[K] = K; h = h + #K + (K.b.b[K] == K and 1 or 0); K.a = nil K[2] = K[1] K[1] = nil mix(K.a) mix(K[2]) end]],
  [[local _ENV <const> = setmetatable({}, {__index = _ENV}) for X = 1, $R do y = (y or 0) + X; if X % 9 == 0 then y = nil end end mix(y)]],
  [[collectgarbage("stop") local T = {} for X = 1, $R do T[X % 16] = {X, tostring(X)} end collectgarbage("restart") mix(collectgarbage("isrunning")) mix(T[3] and T[3][1] or 0)]],
  -- coroutines that resume each other from Lua code
  [[local T = {} for X = 1, 4 do T[X] = coroutine.wrap(function(...) local Y, Z = ... while true do Y, Z = coroutine.yield(select("#", Y, Z), Y, Z, table.unpack(hash, 1, X)) end end) end for X = 1, $R do mix((T[X % 4 + 1](X, $A))) local U = {T[X % 4 + 1]()} mix(U[3]) mix(select("#", T[X % 4 + 1](nil, nil, X))) mix(select(2, T[X % 4 + 1]($A))) end]],
  [[local function F(X) return coroutine.wrap(function() for Y = 1, X do coroutine.yield(Y) end end) end local function G(Y, Z) return coroutine.wrap(function() for X in Y do if X % Z ~= 0 then coroutine.yield(X) end end end) end local K = F($R) for X = 2, 5 do K = G(K, X) end for X in K do h = h * 3 + X end]],
  [[local T = {} for X = 1, $R do local V = T[X % 3] if not V or coroutine.status(V) == "dead" then
    V = coroutine.create(function(Y) local Z = Y for J = 1, $C do local U, W = pcall(function(Q) if Q % 5 == 4 then error("e" .. Q, 0) elseif Q % 7 == 6 then error({Q}) end return coroutine.yield(Q + J) end, Z) mix(U) Z = U and W or #text(W) end if Z % 3 == 0 then error("end " .. Z, 0) end return Z end) T[X % 3] = V end
    local U, W = coroutine.resume(V, X) mix(U) mix(text(W)) end]],
  [[local U = 0 local F = coroutine.wrap(function() while true do U = U + 1 local V = coroutine.yield(U) if V then U = U + V end end end) for X = 1, $R do U = U * 2 % 1001 h = h + F() + (F(X) or 0) + U end]],
  [[for X = 1, $R do local V V = coroutine.create(function(Y) local C <close> = closer(Y) mix(coroutine.status(V)) mix(select(2, coroutine.running())) mix(coroutine.isyieldable()) local Z = coroutine.create(function() mix(coroutine.status(V)) coroutine.yield(1) end) coroutine.resume(Z) mix(coroutine.close(Z)) coroutine.yield(Y) return "end" end)
    mix(coroutine.resume(V, X)) if X % 3 == 0 then mix(coroutine.close(V)) else mix((coroutine.resume(V))) end mix(coroutine.status(V)) mix((coroutine.resume(V))) end]],
  [[local function F(X, Y) if X == 0 then return coroutine.yield(Y) end return F(X - 1, Y + 1) end local function G(X, Y) if X == 0 then return (coroutine.yield(Y)) end local Z = G(X - 1, Y + 1) return Z + X end local K = coroutine.wrap(function(X) while true do local Z = F(X % 7, X) X = G(Z % 5, X) end end) for X = 1, $R do h = h * 3 + K(X) end]],
  [[local V = coroutine.wrap(function() local X = 0 while true do X = X + 1 coroutine.yield(X) end end) local T = setmetatable({}, {__index = function(_, K) return V() + K end, __call = function(_, X) return V(X) end, __len = function() return V() end, __lt = function() return V() % 2 == 0 end})
    for X = 1, $R do h = h * 3 + T[X] + T(X) + #T + (T < T and 1 or 0) end mix((("abc"):gsub(".", function() return V() end))) for X in T do h = h + X if X % 10 == 0 then break end end]],
  [[local C = 0 local V = coroutine.create(function() for X = 1, $R do C = C ~ X
    coroutine.yield(C)
    end end) for X = 1, $R do if X % 9 == 4 then debug.sethook(V, function(_, L) C = C + 1 end, "l") elseif X % 9 == 6 then debug.sethook(V) end mix(select(2, coroutine.resume(V))) end mix(C)]],
  [[local function F(X) local U = {} for Y = 1, X do U[Y] = coroutine.yield(Y) end return table.unpack(U) end for X = 1, $R do local V = coroutine.wrap(F) local Z = V(X % 6) for Y = 1, X % 6 do Z = select("#", V(Y * $C)) h = h * 3 + Z end end]],
  [[local function F(X) if X == 0 then coroutine.yield(1) error("deep") end local V = coroutine.create(F) local U, W = coroutine.resume(V, X - 1) coroutine.yield((W or 0) + X) U, W = coroutine.resume(V) mix(U) if X % 2 == 0 then error(W, 0) end return text(W):match("%a+$") end for X = 1, math.min($R, 40) do local V = coroutine.create(F) mix(select(2, coroutine.resume(V, X % 6))) mix(text((select(2, coroutine.resume(V))))) end]],
  -- errors that are caught where they are raised, or a few frames below
  [[local C = 0 for X = 1, $R do local U, V = pcall(function(Y) if Y % 2 == 1 then error(Y) end return Y end, X) C = C + (U and V or 0) mix(V) end mix(C)]],
  [[local function F(X) if X % 3 == 0 then error({c = X}) elseif X % 3 == 1 then error("s" .. X, 2) end return X end local function G(X) local Y = F(X) return Y + 1 end
    for X = 1, $R do local U, V = pcall(G, X) mix(U) mix(type(V) == "table" and V.c or text(V)) local U, V, W = pcall(pcall, G, X) mix(V) mix(type(W) == "table" and W.c or text(W)) end]],
  [[local N = 0 for X = 1, $R do local Y = X local F = function() Y = Y + 1 return Y end local U, V = pcall(function() N = N + 1 F() local Z = Y Y = Z * 2 if X % 4 < 2 then error(Z, 0) end Y = Y + N return Y end) mix(U) mix(V) mix(Y) mix(F()) end mix(N)]],
  [[local T = {1, "x", nil, {}, 2.5, true} for X = 1, $R do local V = T[X % 6 + 1] mix((pcall(function() return V + 1 end))) mix(text((select(2, pcall(function() return V.y end))))) mix((pcall(function() return V() end))) mix((pcall(function() return #V < 3 end))) mix((pcall(function() V.z = nil end))) end]],
  [[for X = 1, $R do local U, V = pcall(function() for Y = 1, 5 do assert(Y ~= X % 7, Y) h = h + Y end return "all" end) mix(U) mix(V) U, V = pcall(function() local W <const> = X local T = {v = W} T.v = T.v + 1 if T.v % 3 == 0 then error(T) end return T.v end) mix(type(V) == "table" and V.v or V) end]],
  [[local function F(X, ...) if X % 3 == 0 then error((select("#", ...))) end return ... end for X = 1, $R do mix(select("#", pcall(F, X, table.unpack({1, 2, 3, 4}, 1, X % 5)))) local U, V, W = pcall(F, X, X, $A) mix(U) mix(V) mix(W) end]],
  [[local T, C = {}, 0 for X = 1, $R do local U, V = pcall(function() T.x = X; T[X % 5] = X; hash[3] = X if X % 3 ~= 0 then local Y = nil; C = C + 1; return Y.z end hash[3] = nil return T[X % 5] end) hash[3] = nil mix(U) mix(T.x) mix(T[X % 5]) U, V = xpcall(function(Y) C = C + Y if Y & 3 == 1 then error() end return Y end, function(E) C = C + 1 return E == nil end, X) mix(V) end mix(C)]],
  -- loops of few rounds inside of others
  [[local T = {1, 2, 3} for X = 1, $R do for Y = 1, #T do h = h * 3 + T[Y] * X end for Y = 3, 1, -1 do T[Y] = (T[Y] + Y) & 0xffff end for Y, Z in ipairs(T) do h = h ~ Z * Y end if X % 20 == 0 then T[#T + 1] = X end end]],
  [[local function F(...) local C = 0 for Y = 1, select("#", ...) do C = C + (select(Y, ...) or 7) end return C end for X = 1, $R do h = h + F(1, 2, X) + F() + F(X, nil, nil, 4) for Y = 0.5, 2.5 do h = h + toi(Y * 2) end for Y = X % 3, 3 do if Y == 2 then break end h = h + Y end end]],
  [[for X = 1, $R do local T = {} for Y = 1, 3 do local Z = Y * X T[Y] = function(W) Z = Z + W return Z end end for J = 1, 2 do for Y = 1, 3 do h = h * 3 + T[Y](J) if h % 5 == 0 then break end end end
    local Y = 4 while Y > 0 do Y = Y - 1 if Y == X % 6 then goto next end h = h + Y ::next:: end repeat Y = Y + 1 until Y >= 3 or Y == X % 5 end]],
  [[local function F(X, Y) local Z = {} for I = 1, 2 do Z[I] = {} for J = 1, 2 do local C = 0 for K = 1, 2 do C = C + X[I][K] * Y[K][J] end Z[I][J] = C end end return Z end local M, T = {{1, 1}, {1, 0}}, {{1, 0}, {0, 1}}
    for X = 1, $R do T = F(T, M) for I = 1, 2 do for J = 1, 2 do if T[I][J] > 1e12 then T[I][J] = $N % 7 end if T[I][J] ~= T[I][J] then T[I][J] = X end end end mix(T[1][2]) end]],
  [[local K, C = $C, 0 for X = 1, $R do for Y = 1, K do C = C + Y * X if C % 11 == 0 then K = K % 5 + 1 end end for Y = 1, 2 do for Z = 1, 2 do C = C ~ (Y << Z) + X $L end end end mix(C) mix(K)]],
  -- absent entries and __newindex
  [[local C, M = 0, {} M.__newindex = function(T, K, V) C = C + 1 rawset(T, K, V) end for X = 1, $R do local T = setmetatable({}, M) T.a = X T.a = X + 1 T[1] = X T[1] = nil T[1] = 5 T[2] = $A T.b = $A T.b = 3
    if X % 9 == 0 then M.__newindex = nil T.zz = 1 M.__newindex = function(T, K, V) C = C + 2 rawset(T, K, V) end end mix(T.b) mix(T[2]) T[2] = nil T[2] = nil T.b = nil T.b = nil mix(C) end]],
  [[local U, N = {}, 0 local T = setmetatable({x = 1}, {__newindex = U}) for X = 1, $R do T.x = X % 4 ~= 0 and X or nil T["k" .. X % 3] = X if X % 5 == 0 then rawset(T, "k1", X) elseif X % 5 == 3 then rawset(T, "k1", nil) end T.k1 = X mix(U.k1) mix(rawget(T, "k1")) mix(U.x)
    if X == $R // 2 then getmetatable(T).__newindex = function(T, K, V) N = N + 1 U[K] = V end end end mix(N)]],
  [[local C, N = 0, 0 local T = setmetatable({}, {__newindex = function(T, K, V) C = C + K rawset(T, K, V) end}) for X = 1, $R do N = N + 1 T[N] = X T[N] = X * 2 if N > 6 then T[N] = nil N = N - 1 T[3] = nil T[3] = X end for Y = N, 1, -1 do if (X + Y) % 5 == 0 then T[Y] = nil end end end mix(C) for Y = 1, 8 do mix(T[Y]) end]],
  -- string.format
  [[local T = {1, 2.5, "s", -7, 1e15, 0.1} for X = 1, $R do local V = T[X % 6 + 1] mix(("%s|%5s|%-6s|"):format(V, X, V)) mix(("%d %5.2f %x %c"):format(X, X / 7, X, 65 + X % 26)) mix(text(select(2, pcall(string.format, "%d", V)))) mix(("%s %s"):format(X % 2 == 0, nil)) mix(("%q"):format(type(V) == "string" and V or X)) end]],
  [[local T = {"%d", "%5.1f", "%s!", "%g", "%%%i", "%-8d|", "%+.3e", "%05d"} for X = 1, $R do mix(T[X % 8 + 1]:format(X)) mix((pcall(string.format, T[X % 8 + 1], X + 0.5))) mix(string.format(T[3], setmetatable({}, {__tostring = function() return "obj" .. X end, __name = "N"}))) mix(T[X % 8 + 1]:format(X % 4 == 0 and X + 0.0 or X)) end]],
  -- a metatable for each object
  [[local function F(X) return setmetatable({}, {__index = function(_, K) return K .. X end, __call = function(_, Y) return Y + X end, __add = function(U, V) return X end}) end for X = 1, $R do local T = F(X) mix(T.name) mix(T(2)) mix(T + T) mix(1 + T) mix(rawequal(getmetatable(T), getmetatable(F(X)))) end]],
  [[local T = {} for X = 1, 12 do T[X] = setmetatable({v = X}, {__index = {n = X, f = function(Y) return Y.v * X end}, __len = function() return X end, __eq = function(Y, Z) return X % 2 == 0 end}) end
    for X = 1, $R do local U, V = T[X % 12 + 1], T[X * 5 % 12 + 1] h = h * 3 + U.n + U:f() + #V + (U == V and 1 or 0) if X % 17 == 0 then setmetatable(U, {__index = function(_, K) return K == "n" and X or function() return 2 end end, __len = function() return 3 end}) elseif X % 23 == 0 then getmetatable(V).__len = nil end end]],
  [[local function F(X) local U = {a = X} return setmetatable({}, {__index = U, __newindex = function(_, K, V) U[K] = V and V % 1000 end, __pairs = function() return next, U, nil end}) end for X = 1, $R do local T = F(X) T.b = T.a + 1 T.a = T.b * 2 local C = 0 for K, V in pairs(T) do C = C + V end mix(C) mix(rawget(T, "a")) end]],
  [[local B = {z = 1, f = function(X) return X.z end} for X = 1, $R do local T = setmetatable({x = X}, {__index = B}) local U = setmetatable({}, {__index = T, __newindex = X % 3 == 0 and T or nil}) U.y = X mix(U:f()) mix(U.x) mix(rawget(U, "y")) mix(T.y) if X % 11 == 0 then B.z = X elseif X % 11 == 5 then T.z = $N end mix(U.z) end]],
  -- run counts switched on and off while code runs
  [[for X = 1, $R do if X == $C then js.enable_debug() elseif X == $C + $C then js.disable_debug() end local C = 0 for Y = 1, 20 do C = C + Y * X end h = h ~ C end js.disable_debug()]],
  [[local function F(X) if X == 0 then return 0 end if X == $C then js.enable_debug() end return F(X - 1) + X end for X = 1, $R do h = h + F(X % 20) if X % 10 == 9 then js.disable_debug() end end js.disable_debug()]],
  [[local A, B, C, E, F, G, I, J, K, M, N, Q, S, T, U, V = 1, 2, 3, 4, 5, 6, 7, 8, 9.5, 10.5, 11, 12, 13.25, 14, 15, 16
    for X = 1, $R do A = A + B ~ C; B = B ~ C + E; C = C + E - F; E = F ~ G; F = F + G; G = G ~ I; I = I + J; J = J ~ A; K = K * 0.5 + M; M = M - N; N = N ~ Q; Q = Q + T; S = S * 0.25 + X; T = T ~ U; U = U + V; V = V ~ X if X == $R // 2 then js.enable_debug() end if X % $C == 0 then A = A + 1 end end
    js.disable_debug() mix(A ~ B ~ C ~ E ~ F ~ G ~ I ~ J ~ N ~ Q ~ T ~ U ~ V) mix(K) mix(M % 1000) mix(S)]],
  [[local F = coroutine.wrap(function() for X = 1, $R do if X % 8 == 3 then js.enable_debug() end coroutine.yield(X) if X % 8 == 6 then js.disable_debug() end end end) for X = 1, $R do h = h * 3 + F() $L end js.disable_debug()]],
  -- loops of which the variables have other types later
  [[local C = 0 for X = 1, $R do for Y = 1, 30 do C = C + Y end C = C + 0.5 * (X % 2) if X % 7 == 0 then C = math.tointeger(C // 1) or 0 end mix(C) end]],
  [[local V for J = 1, 4 do for X = 1, $R do if J == 1 then V = (V or 0) + X elseif J == 2 then V = V + 0.5 elseif J == 3 then V = #tostring(V) .. "" V = V + X else V = {V, X} V = V[1] + V[2] end end mix(V) end]],
  [[local function F(X, Y) local C = X for Z = 1, 12 do C = C + Y end return C end for X = 1, $R do mix(F(X % 3 == 0 and 0.0 or 0, X % 5 == 0 and 0.5 or 1)) mix(F("1", X)) end]],
  [[local U, V, W = nil, 0, "" for J = 1, 3 do for X = 1, $R do U = J == 1 and X or J == 2 and V or W V = J == 3 and V + 0.25 or V + 1 W = J == 2 and #W + X or "w" .. X if J == 2 then W = W .. "" end end mix(U) mix(V) mix(W) end]],
  -- tables that get their fields one by one, others in between
  [[for X = 1, $R do local T, U = {}, {} T.a = X U.b = T.a T.c = U.b + 1 U.d = T.c T[1] = U.d T.e = $N U[T.c] = 1 T.f, U.f = U.d, T.c mix(T.c) mix(T.f) mix(U[X + 1]) if X % 10 == 0 then hash.t = T hash.u = U elseif X % 10 == 5 and hash.t then hash.t.g = X hash.u.h = 1 mix(hash.t.g) hash.t, hash.u = nil, nil end end hash.t, hash.u = nil, nil]],
  [[for X = 1, $R do local T, U = {n = 0}, setmetatable({}, {__index = function(_, K) return #K end}) for Y = 1, $C do local K = "f" .. Y T[K] = Y + X U[K] = T[K] T.n = T.n + U.zz end for Y = 1, $C do local K = "f" .. Y mix(T[K] + U[K]) if (X + Y) % 3 == 0 then T[K] = nil end end mix(T.n) T.last = 1 U.last = T mix(U.last.last) end]],
  -- tail calls of functions with varargs
  [[local function F(X) if X % 3 == 0 then return -X end return X end local function G(X) h = h * 3 + X return X end local function K(X, ...) local Y = F(X) return G(Y, ...) end local function M(X, ...) return K(F(X), X, ...) end local function N(...) local X, Y = ... if Y and Y % 4 == 0 then return M(...) end return select("#", ...), K(...) end
    for X = 1, $R do local Y, Z = M(X, X, 1) mix(Y) Y, Z = N(X, X) mix(Y) mix(Z) mix(K(X)) mix((("ab"):gsub(".", function(V) return K(X, V) end))) end]],
  [[local F local function G(X, ...) if X <= 0 then return select("#", ...), ... end if X % 3 == 0 then return F(X - 1, ...) end return G(X - 1, X, ...) end function F(X, Y, ...) local Z = X % 2 == 0 and toi(Y or 1) or 2 return G(X - 1, Z, ...) end for X = 1, $R do local U, V, W = G(X % 9, $A) mix(U) mix(V) mix(W) end]],
  -- whole control flow with random statements in it
  [[local X = 0 while X < $R do X = X + 1 if X % 4 == 0 then goto next end $L ::next:: end]],
  [[local U = $N for X = 1, $R do if X % 3 == 0 then U = X elseif X % 3 == 1 then U = X / 2 else U = nil end mix(U) $L end]],
  [[local function F(X) $L return X, X end for X = 1, $R do local Y, Z = F(X) h = h + Y + Z end]],
  [[for X = 1, $R do local F, G = pcall(function() $L if X % 9 == 0 then error(X) end return X end) mix(F) mix(text(G)) end]],
  [[local T = {} for X = 1, $R do local Y = {x = X, y = $N} if X % 7 == 0 then T[#T + 1] = Y end $L mix(Y.y) end for X = 1, #T do h = h + T[X].x end]],
}
