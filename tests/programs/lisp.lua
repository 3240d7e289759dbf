-- A small Lisp: reader, macros, closures, tail calls, integers and lists, compiled to Lua closures.
-- The programs that it runs are classics: naive and iterative recursion, sorting, sieve, a metacircular evaluator.
local N = tonumber(arg and arg[1]) or 4

---------------------------------------------------------------- values: symbols are interned tables, pairs are {car, cdr}, nil is NIL
local Symbol, Pair = { __name = "symbol" }, { __name = "pair" }
local NIL = setmetatable({}, { __tostring = function() return "()" end })
local symbols = {}

Symbol.__tostring = function(s) return s.name end

local function intern(name)
  local s = symbols[name]
  if not s then
    s = setmetatable({ name = name }, Symbol)
    symbols[name] = s
  end
  return s
end

local function cons(a, d) return setmetatable({ a, d }, Pair) end
local function is_pair(v) return getmetatable(v) == Pair end
local function is_symbol(v) return getmetatable(v) == Symbol end

local function list(items, from)
  local l = NIL
  for i = #items, from or 1, -1 do l = cons(items[i], l) end
  return l
end

local function show(v)
  if v == true then return "#t" elseif v == false then return "#f" end
  if type(v) == "function" then return "#procedure" end
  if not is_pair(v) then return tostring(v) end
  local parts = {}
  while is_pair(v) do
    parts[#parts + 1] = show(v[1])
    v = v[2]
  end
  if v ~= NIL then parts[#parts + 1] = "."; parts[#parts + 1] = show(v) end
  return "(" .. table.concat(parts, " ") .. ")"
end
Pair.__tostring = show

---------------------------------------------------------------- reader
local function read_all(text)
  local pos, read = 1, nil
  local quotes = { ["'"] = intern("quote"), ["`"] = intern("quasiquote"), [","] = intern("unquote") }
  local function blank()
    while true do
      local _, stop = text:find("^%s+", pos)
      if stop then pos = stop + 1 end
      _, stop = text:find("^;[^\n]*", pos)
      if not stop then return end
      pos = stop + 1
    end
  end
  function read()
    blank()
    local c = text:sub(pos, pos)
    if c == "" then error("unexpected end of input", 0) end
    if quotes[c] then
      pos = pos + 1
      return list { quotes[c], (read()) }
    elseif c == "(" then
      pos = pos + 1
      local items = {}
      while true do
        blank()
        if text:sub(pos, pos) == ")" then pos = pos + 1; return list(items) end
        items[#items + 1] = read()
      end
    elseif c == ")" then
      error("unexpected )", 0)
    end
    local _, stop = text:find("^[^%s()'`,;]+", pos)
    local word = text:sub(pos, stop)
    pos = stop + 1
    if word == "#t" then return true elseif word == "#f" then return false end
    return math.tointeger(tonumber(word)) or tonumber(word) or intern(word)
  end
  return function()
    blank()
    if pos > #text then return nil end
    return read()
  end
end

---------------------------------------------------------------- compiler: an expression and its scope become function(env) -> value
-- An environment is an array of values with the outer one in slot 0. Tail calls return the marker TAIL with function and arguments
-- left in registers of the machine, so that loops by recursion run in constant space.
local globals, macros = {}, {}
local TAIL = {}
local tail_function, tail_args

local function call(f, args)
  if type(f) == "function" then return f(table.unpack(args, 1, args.n)) end
  if type(f) ~= "table" or not f.body then error("not a procedure: " .. show(f), 0) end
  while true do
    if f.arity >= 0 and args.n ~= f.arity then
      error(("%s takes %d arguments, got %d"):format(f.name, f.arity, args.n), 0)
    end
    args[0] = f.env
    if f.arity < 0 then
      args = { [0] = f.env, list({ table.unpack(args, 1, args.n) }) }
    end
    local value = f.body(args)
    if value ~= TAIL then return value end
    f, args = tail_function, tail_args
    if type(f) == "function" then return f(table.unpack(args, 1, args.n)) end
    if type(f) ~= "table" or not f.body then error("not a procedure: " .. show(f), 0) end
  end
end

local function lookup(scope, symbol)
  local depth = 0
  while scope do
    local index = scope[symbol]
    if index then return depth, index end
    scope, depth = scope.outer, depth + 1
  end
end

local compile
local special = {}

local function compile_body(body, scope, tail)
  local parts = {}
  while body ~= NIL do
    parts[#parts + 1] = compile(body[1], scope, tail and body[2] == NIL)
    body = body[2]
  end
  local n = #parts
  if n == 1 then return parts[1] end
  if n == 2 then
    local a, b = parts[1], parts[2]
    return function(env) a(env); return b(env) end
  end
  return function(env)
    for i = 1, n - 1 do parts[i](env) end
    return parts[n](env)
  end
end

special.quote = function(x) local v = x[2][1]; return function() return v end end

special["if"] = function(x, scope, tail)
  local test = compile(x[2][1], scope)
  local yes = compile(x[2][2][1], scope, tail)
  local rest = x[2][2][2]
  local no = rest ~= NIL and compile(rest[1], scope, tail) or function() return NIL end
  return function(env)
    if test(env) ~= false then return yes(env) end
    return no(env)
  end
end

special.begin = function(x, scope, tail) return compile_body(x[2], scope, tail) end

special.lambda = function(x, scope, _, name)
  local inner, arity, params = { outer = scope }, 0, x[2][1]
  if is_symbol(params) then inner[params], arity = 1, -1
  else
    while params ~= NIL do
      arity = arity + 1
      inner[params[1]] = arity
      params = params[2]
    end
  end
  inner.size = arity < 0 and 1 or arity
  local body = compile_body(x[2][2], inner, true)
  return function(env) return { body = body, arity = arity, env = env, name = name or "lambda" } end
end

special.define = function(x, scope)
  local target, value = x[2][1], nil
  if is_pair(target) then
    local lambda = cons(intern("lambda"), cons(target[2], x[2][2]))
    target = target[1]
    if scope then scope.size = scope.size + 1; scope[target] = scope.size end
    value = special.lambda(lambda, scope, false, target.name)
  else
    if scope then scope.size = scope.size + 1; scope[target] = scope.size end
    value = compile(x[2][2][1], scope)
  end
  if scope then
    local index = scope[target]
    return function(env) env[index] = value(env); return NIL end
  end
  return function(env) globals[target] = value(env); return NIL end
end

special["set!"] = function(x, scope)
  local value = compile(x[2][2][1], scope)
  local depth, index = lookup(scope, x[2][1])
  local symbol = x[2][1]
  if not depth then return function(env) globals[symbol] = value(env); return NIL end end
  return function(env)
    local v, e = value(env), env
    for _ = 1, depth do e = e[0] end
    e[index] = v
    return NIL
  end
end

special.let = function(x, scope, tail)
  local names, values, b = {}, {}, x[2][1]
  while b ~= NIL do
    names[#names + 1], values[#values + 1] = b[1][1], b[1][2][1]
    b = b[2]
  end
  return compile(cons(cons(intern("lambda"), cons(list(names), x[2][2])), list(values)), scope, tail)
end

special["define-macro"] = function(x)
  local target = x[2][1]
  local make = special.lambda(cons(intern("lambda"), cons(target[2], x[2][2])), nil, false, target[1].name)
  return function(env) macros[target[1]] = make(env); return NIL end
end

function compile(x, scope, tail)
  if is_symbol(x) then
    local depth, index = lookup(scope, x)
    if depth == 0 then return function(env) return env[index] end
    elseif depth == 1 then return function(env) return env[0][index] end
    elseif depth then
      return function(env)
        for _ = 1, depth do env = env[0] end
        return env[index]
      end
    end
    return function()
      local v = globals[x]
      if v == nil then error("unbound variable " .. x.name, 0) end
      return v
    end
  elseif not is_pair(x) then
    return function() return x end
  end
  local head = x[1]
  if is_symbol(head) and not lookup(scope, head) then
    if special[head.name] then return special[head.name](x, scope, tail) end
    if macros[head] then
      local args, rest = { n = 0 }, x[2]
      while rest ~= NIL do args.n = args.n + 1; args[args.n] = rest[1]; rest = rest[2] end
      return compile(call(macros[head], args), scope, tail)
    end
  end
  local f, args, rest = compile(head, scope), {}, x[2]
  while rest ~= NIL do
    args[#args + 1] = compile(rest[1], scope)
    rest = rest[2]
  end
  local n = #args
  local a1, a2, a3 = args[1], args[2], args[3]
  local function collect(env)
    if n == 1 then return { a1(env), n = 1 } end
    if n == 2 then return { a1(env), a2(env), n = 2 } end
    if n == 3 then return { a1(env), a2(env), a3(env), n = 3 } end
    local t = { n = n }
    for i = 1, n do t[i] = args[i](env) end
    return t
  end
  if tail then
    return function(env)
      local fun = f(env)
      tail_args = collect(env)
      tail_function = fun
      return TAIL
    end
  end
  return function(env)
    local fun = f(env)
    if type(fun) == "function" then
      if n == 1 then return fun(a1(env)) end
      if n == 2 then return fun(a1(env), a2(env)) end
    end
    return call(fun, collect(env))
  end
end

---------------------------------------------------------------- primitives
local function define(name, f) globals[intern(name)] = f end
define("+", function(a, b) return a + b end)
define("-", function(a, b) return a - b end)
define("*", function(a, b) return a * b end)
define("quotient", function(a, b) return a // b end)
define("remainder", function(a, b) return a % b end)
define("<", function(a, b) return a < b end)
define("=", function(a, b) return a == b end)
define("eq?", function(a, b) return a == b end)
define("not", function(a) return a == false end)
define("cons", cons)
define("car", function(p) if not is_pair(p) then error("car of " .. show(p), 0) end return p[1] end)
define("cdr", function(p) if not is_pair(p) then error("cdr of " .. show(p), 0) end return p[2] end)
define("null?", function(v) return v == NIL end)
define("pair?", is_pair)
define("symbol?", is_symbol)
define("number?", function(v) return type(v) == "number" end)
define("list", function(...) return list { ... } end)
define("print", function(...)
  local t = table.pack(...)
  for i = 1, t.n do t[i] = show(t[i]) end
  print(table.concat(t, " "))
  return NIL
end)

local function run(text)
  local value = NIL
  for x in read_all(text) do
    value = compile(x, nil)({})
  end
  return value
end

---------------------------------------------------------------- programs
run [[
(define (append a b) (if (null? a) b (cons (car a) (append (cdr a) b))))
(define (reverse l) (define (go l acc) (if (null? l) acc (go (cdr l) (cons (car l) acc)))) (go l '()))
(define (map f l) (if (null? l) '() (cons (f (car l)) (map f (cdr l)))))
(define (filter f l) (if (null? l) '() (if (f (car l)) (cons (car l) (filter f (cdr l))) (filter f (cdr l)))))
(define (fold f acc l) (if (null? l) acc (fold f (f acc (car l)) (cdr l))))
(define (range a b) (if (< a b) (cons a (range (+ a 1) b)) '()))
(define-macro (when test . body) '())
(define-macro (unless test body) (list 'if test '() body))
(define-macro (and2 a b) (list 'if a b #f))
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(define (loop n acc) (if (= n 0) acc (loop (- n 1) (+ acc n))))
(define (tak x y z) (if (not (< y x)) z (tak (tak (- x 1) y z) (tak (- y 1) z x) (tak (- z 1) x y))))
(define (sort l)
  (if (null? l) '()
    (let ((p (car l)) (rest (cdr l)))
      (append (sort (filter (lambda (x) (< x p)) rest))
              (cons p (sort (filter (lambda (x) (not (< x p))) rest)))))))
(define (sieve l) (if (null? l) '() (cons (car l)
  (sieve (filter (lambda (x) (not (= 0 (remainder x (car l))))) (cdr l))))))
(define (random-list n seed) (if (= n 0) '() (cons (remainder seed 1000) (random-list (- n 1) (remainder (* seed 16807) 2147483647)))))
(define (make-counter) (let ((n 0)) (lambda () (set! n (+ n 1)) n)))
(define (assq k l) (if (null? l) #f (if (eq? k (car (car l))) (car l) (assq k (cdr l)))))
(define (ev x env)
  (if (number? x) x
   (if (symbol? x) (cdr (assq x env))
    (let ((op (car x)))
     (if (eq? op 'if) (if (ev (car (cdr x)) env) (ev (car (cdr (cdr x))) env) (ev (car (cdr (cdr (cdr x)))) env))
      (if (eq? op 'fn) (list 'closure (car (cdr x)) (car (cdr (cdr x))) env)
       (ap (ev op env) (map (lambda (a) (ev a env)) (cdr x)) env)))))))
(define (ap f args env)
  (if (and2 (pair? f) (eq? (car f) 'closure))
    (ev (car (cdr (cdr f))) (cons (cons (car (car (cdr f))) (car args)) (append (car (cdr (cdr (cdr f)))) env)))
    (f (car args) (car (cdr args)))))
]]

local again = N
run [[ (print (append '(1 2) '(3)) (reverse (range 0 8)) '(quote x) (map (lambda (x) (* x x)) (range 1 6))) ]]
print(show(run "(define c (make-counter)) (c) (c) (list (c) 'a #t '())"))
for _, bad in ipairs { "(car 5)", "(undefined 1)", "((lambda (x) x))", "(5 5)", "(", ")" } do print(pcall(run, bad)) end
for i = 1, again do
  print(show(run("(list (fib " .. 13 + i % 3 .. ") (loop 3000 " .. i .. ") (tak 8 4 " .. i .. "))")))
  print(show(run("(fold + 0 (sort (random-list 120 " .. 11 * i .. ")))")))
  print(show(run "(fold + 0 (sieve (range 2 200)))"))
  local env = "(list (cons '+ +) (cons '- -) (cons '< <) (cons 'fib '(closure (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))) ())))"
  print(show(run("(ev '(fib " .. 8 + i % 2 .. ") " .. env .. ")")))
end
