# liblua5.4.so.0: our core with the standard library of the distribution's archive, in place of the
# distribution's file. The archive's objects are made for executables: they take stdin, stdout and
# stderr for variables at a known distance, which no shared library has; --wrap leads them to copies
# of ours (jit/lua/stdio.c). Everything else in them is position independent. What is called inside the
# library is its own (-Bsymbolic-functions), also beside the stock library in one process.

LIBLUA_OBJ = $(call obj,$(LUA_LIBSRC) jit/lua/stdio.c $(ENGINE_SRC))
# The standard library's members of the archive, whole: nothing of the reference's core among them.
STDLIB_MEMBERS = lauxlib.o lbaselib.o lcorolib.o ldblib.o liolib.o lmathlib.o loadlib.o loslib.o lstrlib.o ltablib.o lutf8lib.o linit.o

$(B)/obj/stdlib/.extracted: $(LUA_A) | deps
	@rm -rf $(@D); mkdir -p $(@D)
	cd $(@D) && ar x $(LUA_A) $(STDLIB_MEMBERS)
	@touch $@

$(LIBLUA): $(LIBLUA_OBJ) $(B)/obj/stdlib/.extracted jit/liblua.map mk/library.mk
	$(CC) $(CFLAGS) -shared -Wl,-soname,liblua5.4.so.0 -Wl,--version-script=jit/liblua.map -Wl,-z,defs -Wl,-z,text -Wl,-z,relro -Wl,-z,now -Wl,-Bsymbolic-functions \
	  -Wl,--as-needed -Wl,--wrap=stdin,--wrap=stdout,--wrap=stderr -o $@ $(LIBLUA_OBJ) $(addprefix $(B)/obj/stdlib/,$(STDLIB_MEMBERS)) $(LDLIBS)

# Programs that link the library as anybody would: against the distribution's file.
$(B)/e2e/lua-dyn: $(call obj,jit/lua/main.c)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $< -llua5.4
LIBRARY_BIN = $(addprefix $(B)/e2e/,capi host embed unload)
$(LIBRARY_BIN): $(B)/e2e/%: tests/e2e/%.c tests/e2e/sections.h tests/noexec.h | deps
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $< $(LIBRARY_LIBS)
$(LIBRARY_BIN): LIBRARY_LIBS = -llua5.4
$(B)/e2e/capi: LIBRARY_LIBS += -lm
$(B)/e2e/embed: LIBRARY_LIBS += -lpthread
$(B)/e2e/unload: LIBRARY_LIBS = -ldl
e2e-bins: $(B)/e2e/lua-dyn $(LIBRARY_BIN)
