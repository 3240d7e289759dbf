# Debian packages that building and testing need. `make deps` installs the missing ones (as root),
# DEPS=no forbids it. A stamp in $(B) remembers that all were there.
DEB_BUILD = gcc libc6-dev clang llvm libbpf-dev bpftool libelf-dev zlib1g-dev libzydis-dev lua5.4 liblua5.4-dev \
            libreadline-dev systemtap-sdt-dev
DEB_TEST  = libcriterion-dev bpftrace linux-perf perl diffutils tmux gdb clang-format
DEPS ?= yes
deps: $(B)/.deps
$(B)/.deps:
	@mkdir -p $(B)/gen
	@missing=""; for p in $(DEB_BUILD) $(DEB_TEST); do \
	   dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing="$$missing $$p"; done; \
	 if [ -n "$$missing" ]; then \
	   if [ "$(DEPS)" = no ]; then echo "missing Debian packages:$$missing (DEPS=no: not installed)" >&2; exit 1; fi; \
	   if [ "$$(id -u)" != 0 ]; then echo "missing Debian packages:$$missing; run as root: apt-get install$$missing" >&2; exit 1; fi; \
	   echo "installing Debian packages:$$missing"; \
	   apt-get update -q >/dev/null 2>&1 || true; \
	   DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing >$(B)/apt.log 2>&1 \
	     || { tail -n 5 $(B)/apt.log >&2; exit 1; }; \
	 fi
	@touch $@
