# What is built: the engine archive, jitlua, the toy, jitstat.
all: deps $(B)/jitlua $(LIBLUA) $(B)/jitstat $(B)/jitstatd $(if $(TOY_SRC),$(B)/toy)

# The interpreter's dispatch is a jump per instruction: these two would fold them into one.
$(B)/obj/jit/lua/vm.o: CFLAGS += -fno-gcse -fno-crossjumping

# What only runs while something is compiled stands together in the program, so that what never compiles does not
# load it: the kernel reads sixteen pages around each that is touched.
COMPILING_SRC := $(filter jit/ir/% jit/opt/% jit/x64/%,$(ENGINE_SRC)) $(wildcard jit/trace/*rec*.c jit/trace/pipe*.c jit/lua/record*.c jit/lua/trace_*.c)
$(call obj,$(COMPILING_SRC)): IN_SECTION = objcopy --rename-section .text=.text.unlikely.compiling $@

$(B)/obj/%.o: %.c Makefile mk/build.mk | deps
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c $< -o $@
	$(IN_SECTION)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

$(B)/libjitengine.a: $(call obj,$(ENGINE_SRC))
	@rm -f $@; ar rcs $@ $^

LUA_A = $(shell find /usr/lib -name liblua5.4.a 2>/dev/null | head -n 1)
$(B)/libjitlua.a: $(call obj,$(LUA_LIBSRC))
	@rm -f $@; ar rcs $@ $^
# Our objects come first and whole, so that the distribution's archive gives only the standard library.
$(B)/jitlua: $(call obj,jit/lua/main.c) $(B)/libjitlua.a $(B)/libjitengine.a
	$(CC) $(CFLAGS) -Wl,-E -Wl,-z,pack-relative-relocs -o $@ $(call obj,jit/lua/main.c) -Wl,--whole-archive $(B)/libjitlua.a $(B)/libjitengine.a -Wl,--no-whole-archive $(LUA_A) $(LDLIBS)

$(call obj,$(TOY_SRC)): CFLAGS += -Itests
$(B)/toy: $(call obj,$(TOY_SRC)) $(B)/libjitengine.a
	$(CC) $(CFLAGS) -Wl,-E -o $@ $(call obj,$(TOY_SRC)) $(B)/libjitengine.a $(LDLIBS)
