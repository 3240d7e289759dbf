# Check targets, bench, demo, lint, help.
RUN = tests/run

check: all unit-bins e2e-bins
	@B=$(B) $(RUN)/all.sh check

check-long: all unit-bins e2e-bins deps-real
	@B=$(B) $(RUN)/all.sh check
	@B=$(B) $(RUN)/all.sh long

check-official: all
	@$(RUN)/official.sh $(B) "$(LUA_TESTS)"

bench: all
	@$(RUN)/bench.sh $(B)/jitlua

bench-overhead: all e2e-bins
	@tests/bench/overhead.sh $(B)

fuzz: all
	@tests/fuzz/run.sh $(B)/jitlua $(if $(T),$(T),60)
	@tests/fuzz/load.sh $(B)/jitlua 10

DEMO ?= sha256
demo: all
	@$(RUN)/demo.sh $(B) tests/programs/$(DEMO).lua

lint:
	@$(RUN)/lint.sh

clean:
	rm -rf $(B)

help:
	@echo 'Targets (B=DIR builds elsewhere than build/, DEPS=no installs nothing):'
	@echo '  all         build/jitlua, build/liblua5.4.so.0, build/jitstat, build/toy (default)'
	@echo '  demo        a Lua program under jitstat run: its output, then the snapshot'
	@echo '  check       unit, golden, language, program and end-to-end tests (under 6 minutes)'
	@echo '  check-long  check, then torture, sanitizers, real programs and C modules'
	@echo '  check-official  the official tests of Lua 5.4.4 in LUA_TESTS=DIR, with the JIT on, at threshold 1, off'
	@echo '  bench       table of tests/bench and tests/programs against lua5.4 and luajit (ROUNDS= ONLY= MEM=1)'
	@echo '  bench-overhead  what being watched costs those programs (root)'
	@echo '  fuzz        differential fuzzing for T=60 seconds (SEED=n repeats a run)'
	@echo '  lint        layers and formatting'
	@echo '  install     below PREFIX=/usr/local (DESTDIR= stages), the library in PREFIX/lib/jitstat; uninstall'
	@echo '  deps        install missing Debian packages; clean; help'

.PHONY: all deps check check-long check-official bench fuzz demo lint clean help unit-bins
