# packages: lua-busted
# busted: a suite with nested blocks, spies, stubs, errors and failures; tap output.
. "$REAL/lib.sh"
mkdir spec
cat >spec/all_spec.lua <<'END'
describe("arithmetic", function()
    for i = 1, 200 do
        it("number " .. i, function()
            local s = 0
            for k = 1, i do s = s + k end
            assert.are.equal(i * (i + 1) // 2, s)
        end)
    end
end)
describe("tables", function()
    local t
    before_each(function() t = { 1, 2, { x = { "deep" } } } end)
    it("compares deeply", function()
        for i = 1, 300 do assert.are.same({ 1, 2, { x = { "deep" } } }, t) end
        assert.are_not.same({ 1, 2, { x = { "other" } } }, t)
    end)
    it("fails", function() assert.are.same({ 1, 2, 3 }, { 1, 2, 4 }) end)
    it("errors", function() error "thrown" end)
    it("errors with a table", function() error { code = 3 } end)
    pending("later", function() end)
end)
describe("spies", function()
    it("count calls", function()
        local s = spy.new(function(x) return x * 2 end)
        for i = 1, 300 do s(i) end
        assert.spy(s).was.called(300)
        assert.spy(s).was.called_with(7)
        assert.has.errors(function() assert.spy(s).was_not.called() end)
    end)
    it("stub", function()
        local lib = { f = function() return 1 end }
        stub(lib, "f").returns(5)
        assert.equal(5, lib.f())
        lib.f:revert()
        assert.equal(1, lib.f())
    end)
    it("has matchers", function()
        local m = mock({ g = function() end })
        m.g("abc", 5)
        assert.stub(m.g).was.called_with(match.is_string(), match.is_number())
        assert.has_error(function() error("x", 0) end, "x")
        assert.truthy(1)
        assert.is_nil(nil)
        assert.near(1, 1.05, 0.1)
    end)
end)
describe("async-looking coroutines", function()
    it("yields", function()
        local co = coroutine.wrap(function() for i = 1, 500 do coroutine.yield(i) end end)
        local s = 0
        for i = 1, 500 do s = s + co() end
        assert.equal(125250, s)
    end)
end)
END
export LUA_PATH="/usr/share/lua/5.4/?.lua;/usr/share/lua/5.4/?/init.lua;/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua"
for form in TAP plainTerminal; do
    lua /usr/bin/busted -o "$form" --no-coverage spec | sed -E 's/[0-9.]+ seconds/N seconds/; s/(table: )0x[0-9a-f]+/\1ADDRESS/'
    echo "exit ${PIPESTATUS[0]}"
done
