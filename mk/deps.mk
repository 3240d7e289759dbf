# Debian packages that building and testing need. `make deps` installs the missing ones (as root),
# DEPS=no forbids it. A stamp in $(B) remembers that all were there.
DEB_BUILD = gcc libc6-dev clang llvm libbpf-dev bpftool libelf-dev zlib1g-dev libzydis-dev lua5.4 liblua5.4-dev \
            libreadline-dev systemtap-sdt-dev
DEB_TEST  = libcriterion-dev bpftrace linux-perf perl diffutils tmux gdb strace clang-format pkgconf man-db
# Programs and modules that tests/real runs: for check-long only.
DEB_REAL  = gnuplot-nox gringo lighttpd lighttpd-modules-lua curl neomutt dnsmasq-base-lua lua-check lua-ldoc lua-busted luarocks \
            lua-lpeg lua-cjson lua-socket lua-filesystem lua-zlib lua-sql-sqlite3 lua-luv lua-cqueues lua-luaossl lua-expat lua-yaml \
            lua-rex-pcre2 lua-rex-posix
DEPS ?= yes

# $(1): packages.
define install_packages
@mkdir -p $(B)/gen
@missing=""; for p in $(1); do \
   dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing="$$missing $$p"; done; \
 if [ -n "$$missing" ]; then \
   if [ "$(DEPS)" = no ]; then echo "missing Debian packages:$$missing (DEPS=no: not installed)" >&2; exit 1; fi; \
   if [ "$$(id -u)" != 0 ]; then echo "missing Debian packages:$$missing; run as root: apt-get install$$missing" >&2; exit 1; fi; \
   echo "installing Debian packages:$$missing"; \
   apt-get update -q >/dev/null 2>&1 || true; \
   DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing >$(B)/apt.log 2>&1 \
     || { tail -n 5 $(B)/apt.log >&2; exit 1; }; \
 fi
endef

deps: $(B)/.deps
$(B)/.deps:
	$(call install_packages,$(DEB_BUILD) $(DEB_TEST))
	@touch $@
# What cannot be installed is skipped by tests/run/real.sh, by name.
deps-real:
	$(call install_packages,$(DEB_REAL))
.IGNORE: deps-real
.PHONY: deps-real
