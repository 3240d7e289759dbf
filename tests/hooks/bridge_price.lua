-- What is spent on bridges stays in proportion to the exits there really are: each bridge of a tree makes the next one
-- dearer. A search that calls itself has nearly as many ways to go on as it has calls.
local js = require "jitstat"
js.set_param("default")

local function queens(n)
  local cols, up, down, count = {}, {}, {}, 0
  local function place(row)
    if row > n then
      count = count + 1
      return
    end
    for i = 1, n do
      if not cols[i] and not up[row + i] and not down[row - i + n] then
        cols[i], up[row + i], down[row - i + n] = true, true, true
        place(row + 1)
        cols[i], up[row + i], down[row - i + n] = nil, nil, nil
      end
    end
  end
  place(1)
  return count
end

local found = 0
for _ = 1, 20 do found = found + queens(7) end
assert(found == 20 * 40, found)

local s = js.get_stats_snapshot()
local bridges = s.counters.TOTAL_COMPILED_BRIDGES
assert(bridges >= 12, "a search has many ways: " .. bridges)
assert(s.guard_exits > bridges * 80 * 2, "exits for each bridge: " .. s.guard_exits / bridges)
print("ok") --> ok
