-- packages: lua-sql-sqlite3
-- lua-sql-sqlite3: cursors and rows in hot loops, modes of fetch, transactions, errors.
local luasql = require "luasql.sqlite3"
local env = luasql.sqlite3()
local db = assert(env:connect ":memory:")
assert(db:execute "create table item (id integer primary key, name text, price real, note text)")
db:setautocommit(false)
for i = 1, 2000 do
    assert(db:execute(("insert into item values (%d, '%s', %.2f, %s)"):format(i, db:escape("it's " .. i), i / 7, i % 3 == 0 and "null" or "'n'")))
end
print(db:commit())
db:setautocommit(true)

local total, nulls, chars = 0, 0, 0
for round = 1, 5 do
    local cur = assert(db:execute "select id, name, price, note from item order by id")
    local row = cur:fetch({}, "a")
    while row do
        total = total + row.id + row.price
        chars = chars + #row.name
        if row.note == nil then nulls = nulls + 1 end
        row = cur:fetch({}, "a")
    end
    print("round", round, cur:close())
end
print("rows", ("%.4f"):format(total), nulls, chars)

-- a table that is used again, numbered columns, plain results
local cur = assert(db:execute "select id, name from item where id % 100 = 0 order by id desc")
print(table.concat(cur:getcolnames(), ","), table.concat(cur:getcoltypes(), ","))
local reuse, names = {}, {}
while cur:fetch(reuse, "n") do names[#names + 1] = reuse[2] .. "/" .. reuse[1] end
print(#names, names[1], names[#names])
local n, last = 0, nil
for i = 1, 500 do
    local c = assert(db:execute("select id * 2, name from item where id = " .. i))
    local id, name = c:fetch()
    n, last = n + id, name
    c:close()
end
print("single", n, last)

-- transactions and errors
db:setautocommit(false)
assert(db:execute "delete from item where id > 10")
print(db:execute("select count(*) from item"):fetch())
db:rollback()
print(db:execute("select count(*), sum(id), max(name) from item"):fetch())
print(db:execute "selec nonsense")
local errors = 0
for i = 1, 300 do
    local ok, err = db:execute("insert into item (id) values (" .. i .. ")")
    if not ok then errors = errors + 1 end
end
print("errors", errors)
print(pcall(cur.fetch, cur))
collectgarbage() -- the two cursors of which only the first row was asked for are still open
print(db:close(), env:close(), pcall(db.execute, db, "select 1"))
