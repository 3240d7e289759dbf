# BPF programs (CO-RE), their skeletons, jitstat with the agent inside, and the programs that test
# the chain without an engine.
OBS_OBJ = $(call obj,$(sort $(wildcard jit/obs/*.c)))
MULTIARCH = $(shell $(CC) -print-multiarch)
BPF_CFLAGS = -g -O2 -target bpf -D__TARGET_ARCH_x86 -Wall -Wno-unused-function -I$(B)/gen -Iinclude -Ibpf -I/usr/include/$(MULTIARCH)
SKELETONS = $(patsubst bpf/%.bpf.c,$(B)/gen/%.skel.h,$(BPF_SRC))
.PRECIOUS: $(B)/obj/bpf/%.bpf.o

$(B)/gen/vmlinux.h: | deps
	@mkdir -p $(@D)
	@test -r /sys/kernel/btf/vmlinux || { echo "no /sys/kernel/btf/vmlinux: building jitstat needs a kernel with BTF (CONFIG_DEBUG_INFO_BTF)" >&2; exit 1; }
	bpftool btf dump file /sys/kernel/btf/vmlinux format c > $@

$(B)/obj/bpf/%.bpf.o: bpf/%.bpf.c bpf/maps.h $(wildcard include/jitstat/*.def) include/jitstat/stats.h include/jitstat/args.h $(B)/gen/vmlinux.h
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/gen/%.skel.h: $(B)/obj/bpf/%.bpf.o
	bpftool gen skeleton $< name $(*)_bpf > $@

$(call obj,$(AGENT_SRC) $(CLI_SRC)): CFLAGS += -Ibpf -I.
$(call obj,$(AGENT_SRC)): $(SKELETONS)

$(B)/libagent.a: $(call obj,$(AGENT_SRC))
	@rm -f $@; ar rcs $@ $^

# All of the command line but its main, for tests.
$(B)/libcli.a: $(call obj,$(filter-out cli/main.c,$(CLI_SRC)))
	@rm -f $@; ar rcs $@ $^

$(B)/jitstat: $(call obj,$(CLI_SRC)) $(B)/libagent.a
	$(CC) $(CFLAGS) -o $@ $(call obj,$(CLI_SRC)) $(B)/libagent.a -lbpf -lelf -lz -lZydis -lZycore $(LDLIBS)

$(call obj,agent/jitstatd.c): CFLAGS += -Ibpf -I.
$(B)/jitstatd: $(call obj,agent/jitstatd.c) $(B)/libagent.a
	$(CC) $(CFLAGS) -o $@ $^ -lbpf -lelf -lz $(LDLIBS)

# Units of the agent and of the command line; the agent's link obs as well, to have a block to read.
$(B)/unit/agent/%: tests/unit/agent/%.c $(B)/libagent.a $(OBS_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -I. -Ibpf -MMD -MP -MF $@.d -o $@ $< $(OBS_OBJ) $(B)/libagent.a -lcriterion -lbpf -lelf -lz $(LDLIBS)
$(B)/unit/cli/%: tests/unit/cli/%.c $(B)/libcli.a $(B)/libagent.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -I. -Ibpf -MMD -MP -MF $@.d -o $@ $< $(B)/libcli.a $(B)/libagent.a -lcriterion -lbpf -lelf -lz -lZydis -lZycore $(LDLIBS)

# The emitter fires events through jit/obs alone: as one program, and as a library with a starter.
$(call obj,tests/e2e/emitter.c tests/e2e/emitter_main.c): CFLAGS += -Ijit
$(B)/e2e/emitter: $(call obj,tests/e2e/emitter.c tests/e2e/emitter_main.c) $(OBS_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)
$(B)/e2e/libemitter.so.0: $(call obj,tests/e2e/emitter.c) $(OBS_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -shared -Wl,-soname,libemitter.so.0 -o $@ $^ $(LDLIBS)
$(B)/e2e/emitter-dyn: $(call obj,tests/e2e/emitter_main.c) $(B)/e2e/libemitter.so.0
	$(CC) $(CFLAGS) -o $@ $< $(B)/e2e/libemitter.so.0 $(LDLIBS)
$(B)/e2e/loss: $(call obj,tests/e2e/loss.c) $(B)/libcli.a $(B)/libagent.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ -lbpf -lelf -lz $(LDLIBS)
$(B)/e2e/many: $(call obj,tests/e2e/many.c tests/e2e/emitter.c) $(OBS_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)
$(B)/e2e/loader: $(call obj,tests/e2e/loader.c)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ -ldl
$(B)/e2e/source: $(call obj,tests/e2e/source.c) $(B)/libagent.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ -lbpf -lelf -lz $(LDLIBS)
$(call obj,tests/e2e/loss.c tests/e2e/source.c): CFLAGS += -I.
e2e-bins: $(B)/jitstatd $(B)/e2e/source $(B)/e2e/loader $(B)/e2e/many $(B)/e2e/loss $(B)/jitstat $(B)/e2e/emitter $(B)/e2e/emitter-dyn
.PHONY: e2e-bins
