# packages: gringo
# clingo with Lua inside: terms computed by @functions while it grounds, and a main of its own that
# solves step by step and reads the models.
. "$REAL/lib.sh"
cat >terms.lp <<'END'
#script (lua)
clingo = require("clingo")
function gcd(a, b)
    local x, y = a.number, b.number
    while y ~= 0 do x, y = y, x % y end
    return clingo.Number(x)
end
function collatz(n)
    local x, steps = n.number, 0
    while x ~= 1 do
        x = x % 2 == 0 and x // 2 or 3 * x + 1
        steps = steps + 1
    end
    return clingo.Number(steps)
end
function divisors(n)
    local t = {}
    for i = 1, n.number do if n.number % i == 0 then t[#t + 1] = clingo.Number(i) end end
    return t
end
function name(n)
    return clingo.String("n" .. n.number)
end
#end.
num(1..60).
g(X,Y,@gcd(X,Y)) :- num(X), num(Y), X < Y.
c(X,@collatz(X)) :- num(X).
d(X,Y) :- num(X), Y = @divisors(X).
n(@name(X)) :- num(X), X > 50.
#show c/2. #show n/1. #show d/2.
#show total(N) : N = #sum { G,X,Y : g(X,Y,G) }.
END
cat >main.lp <<'END'
#const n = 6.
row(1..n). col(1..n).
{ queen(R,C) : col(C) } = 1 :- row(R).
:- queen(R,C), queen(S,C), R < S.
:- queen(R,C), queen(S,D), R < S, |R-S| = |C-D|.
#program limit(k).
:- queen(1,k).
#script (lua)
clingo = require("clingo")
function main(prg)
    prg:ground({{"base", {}}})
    prg.configuration.solve.models = 0
    for k = 1, 6 do
        local seen, sum = {}, 0
        prg:solve { on_model = function(m)
            local line = {}
            for i, s in ipairs(m:symbols { atoms = true }) do
                if s.name == "queen" then
                    local r, c = s.arguments[1].number, s.arguments[2].number
                    line[#line + 1] = ("%d/%d"):format(r, c)
                    sum = sum + r * c
                end
            end
            table.sort(line)
            seen[#seen + 1] = table.concat(line, " ")
        end }
        table.sort(seen)
        print(k, #seen, sum, seen[1])
        prg:ground({{"limit", {clingo.Number(k)}}})
    end
end
#end.
END
cat >bad.lp <<'END'
#script (lua)
function boom(x) error("thrown for " .. tostring(x)) end
#end.
p(@boom(3)).
END
linked clingo --verbose=0 terms.lp 0 | tr ' ' '\n' | LC_ALL=C sort
echo "exit ${PIPESTATUS[0]}"
linked clingo --verbose=0 --outf=3 main.lp
echo "exit $?"
linked clingo --verbose=0 bad.lp 2>&1
echo "exit $?"
