# Tests. Every part prints "N passed, N failed, N skipped"; tests/run/all.sh adds them up.
UNIT_SRC := $(sort $(shell find tests/unit -name '*.c' 2>/dev/null))
UNIT_BIN := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))
# Engine units link the engine; tests/unit/lua/ link the guest and the standard library as well.
$(B)/unit/lua/%: tests/unit/lua/%.c $(B)/libjitlua.a $(B)/libjitengine.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -MF $@.d -o $@ $< -Wl,--whole-archive $(B)/libjitlua.a $(B)/libjitengine.a -Wl,--no-whole-archive $(LUA_A) -lcriterion $(LDLIBS)
# Units of the trace core run the toy guest; the golden dumps of its recordings are tests/trace/*.
TOY_LIBOBJ = $(call obj,$(filter-out tests/toy/main.c,$(TOY_SRC)))
$(B)/unit/trace/%: tests/unit/trace/%.c $(TOY_LIBOBJ) $(B)/libjitengine.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Itests -MMD -MP -MF $@.d -o $@ $< $(TOY_LIBOBJ) -Wl,--whole-archive $(B)/libjitengine.a -Wl,--no-whole-archive -lcriterion $(LDLIBS)
$(B)/unit/%: tests/unit/%.c $(B)/libjitengine.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -MF $@.d -o $@ $< -Wl,--whole-archive $(B)/libjitengine.a -Wl,--no-whole-archive -lcriterion -lZydis $(LDLIBS)
unit-bins: $(UNIT_BIN)
