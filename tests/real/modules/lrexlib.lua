-- packages: lua-rex-pcre2 lua-rex-posix
-- lrexlib: two engines with one interface; iterators and substitution functions called from C.
for _, name in ipairs { "rex_pcre2", "rex_posix" } do
    local rex = require(name)
    local pcre = name == "rex_pcre2"
    print("== " .. name)
    local lines = {}
    for i = 1, 1200 do lines[i] = ("2024-%02d-%02d host%d GET /page/%d %d"):format(i % 12 + 1, i % 28 + 1, i % 5, i, i * 13) end
    local log = table.concat(lines, "\n")
    local entry = rex.new "([0-9]{4})-([0-9]{2})-([0-9]{2}) host([0-9]) GET /page/([0-9]+) ([0-9]+)"
    local sum, by = 0, { 0, 0, 0, 0, 0 }
    for y, m, d, host, page, size in rex.gmatch(log, entry) do
        sum = sum + tonumber(size) + tonumber(page)
        by[host + 1] = by[host + 1] + 1
    end
    print("gmatch", sum, table.concat(by, " "))
    local hits = 0
    for i = 1, #lines do
        local from, to, y = rex.find(lines[i], entry)
        if from == 1 and to == #lines[i] then hits = hits + 1 end
        local h, p = rex.match(lines[i], "host([0-9]) GET ([^ ]+)")
        hits = hits + #p + tonumber(h)
    end
    print("find, match", hits)
    -- substitution by text, table, function; stopping; counting
    local n, calls = 0, 0
    for i = 1, 400 do
        local s, matches, changes = rex.gsub("a1b22c333", "[0-9]+", function(digits)
            calls = calls + 1
            if #digits == 2 then return nil end
            return "<" .. digits * 2 .. ">"
        end)
        n = n + #s + matches + changes
    end
    print("gsub", n, calls, (rex.gsub("one two", "([a-z]+)", "[%1]")), (rex.gsub("x=1,y=2", "[a-z]", { x = "ex" })), rex.gsub("aaaa", "a", "b", 2))
    local fields = 0
    for i = 1, 300 do
        for field, sep in rex.split("a, b;c ,d" .. i, " *([,;]) *") do fields = fields + #field + (sep and #sep or 0) end
    end
    print("split", fields)
    print("count", rex.count(log, "host3"))
    -- compiled patterns are userdata with methods and a finalizer
    local t = entry:tfind(lines[5])
    local from, to, caps = entry:tfind(lines[5])
    print("tfind", from, to, table.concat(caps, "|"))
    for i = 1, 500 do rex.new("a{" .. i % 50 + 1 .. "}") end
    collectgarbage()
    print("exec", (select(2, rex.new("b+"):exec "aabbb")))
    -- errors
    print(pcall(rex.new, "("))
    print(pcall(rex.gsub, "abc", "b", function() error("inside", 0) end))
    local bad = 0
    for i = 1, 300 do if not pcall(rex.gsub, "xay", "a", i % 3 == 0 and function() error "no" end or "b") then bad = bad + 1 end end
    print("raised", bad)
    if pcre then
        print(rex.match("foobar", "foo(?=bar)"), rex.match("ÄÖ", "(?<x>.)", 1, "u"), rex.flags().CASELESS ~= nil)
        local _, _, named = rex.new("(?<year>[0-9]+)-(?<month>[0-9]+)"):tfind "on 2024-05"
        print(named.year, named.month, rex.find("ABC", "b", 1, rex.flags().CASELESS))
    end
end
