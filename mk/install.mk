# make install / uninstall: below PREFIX, staged below DESTDIR. The library goes into a folder of its
# own, so that nothing of the distribution is overwritten and no program gets it without asking:
# `jitstat run --core` puts it before the system's, lua5.4-jitstat.pc links it with its path.
PREFIX ?= /usr/local
DESTDIR ?=
COREDIR = lib/jitstat
LUA_INCLUDE = $(firstword $(wildcard /usr/include/lua5.4 /usr/include))
COMPLETION = cli/jitstat.bash-completion
UNITS = $(notdir $(wildcard agent/*.service))

# MODE:SOURCE:PLACE below PREFIX; uninstall takes the places from the same list.
INSTALLED = 755:$(B)/jitlua:bin/jitlua 755:$(B)/jitstat:bin/jitstat \
            755:$(B)/jitstatd:sbin/jitstatd \
            644:$(LIBLUA):$(COREDIR)/liblua5.4.so.0 \
            $(foreach f,$(wildcard include/jitstat/*.h include/jitstat/*.def),644:$(f):$(f)) \
            $(foreach f,$(wildcard docs/*.[1-8]),644:$(f):share/man/man$(subst .,,$(suffix $(f)))/$(notdir $(f))) \
            644:$(B)/jitstat.pc:lib/pkgconfig/jitstat.pc 644:$(B)/lua5.4-jitstat.pc:lib/pkgconfig/lua5.4-jitstat.pc \
            $(foreach f,jitstat jitstatd,644:$(COMPLETION):share/bash-completion/completions/$(f)) \
            $(foreach f,$(UNITS),644:$(B)/$(f):lib/systemd/system/$(f))

install: all $(B)/jitstat.pc $(B)/lua5.4-jitstat.pc $(addprefix $(B)/,$(UNITS))
	@for e in $(INSTALLED); do rest=$${e#*:}; \
	   install -D -m "$${e%%:*}" "$${rest%%:*}" "$(DESTDIR)$(PREFIX)/$${e##*:}" || exit 1; done
	@ln -sf liblua5.4.so.0 "$(DESTDIR)$(PREFIX)/$(COREDIR)/liblua5.4.so"
	@echo "installed below $(DESTDIR)$(PREFIX)"

# Folders that are ours alone go as well; those shared with others stay.
uninstall:
	@for e in $(INSTALLED); do rm -f "$(DESTDIR)$(PREFIX)/$${e##*:}"; done
	@rm -f "$(DESTDIR)$(PREFIX)/$(COREDIR)/liblua5.4.so"
	@rmdir --ignore-fail-on-non-empty "$(DESTDIR)$(PREFIX)/$(COREDIR)" "$(DESTDIR)$(PREFIX)/include/jitstat" 2>/dev/null || true

# The hooks: declared weak, so there is nothing to link; found if the program runs on our library.
$(B)/jitstat.pc: FORCE
	@printf '%s\n' 'prefix=$(PREFIX)' 'includedir=$${prefix}/include' '' 'Name: jitstat' \
	  'Description: hooks and snapshots of a tracing JIT (declared weak)' 'Version: $(VERSION)' 'Cflags: -I$${includedir}' >$@
# Lua with the JIT, found at run time without LD_LIBRARY_PATH.
$(B)/lua5.4-jitstat.pc: FORCE
	@printf '%s\n' 'prefix=$(PREFIX)' 'includedir=$${prefix}/include' 'libdir=$${prefix}/$(COREDIR)' '' 'Name: Lua 5.4 (jitstat)' \
	  'Description: Lua 5.4 with a tracing JIT, in place of liblua5.4' 'Version: 5.4.4' \
	  'Cflags: -I$(LUA_INCLUDE) -I$${includedir}' 'Libs: -L$${libdir} -Wl,-rpath,$${libdir} -llua5.4' >$@
$(B)/%.service: agent/%.service FORCE
	@sed 's|^ExecStart=|ExecStart=$(PREFIX)/sbin/|' $< >$@
FORCE:
.PHONY: install uninstall FORCE
