# BPF programs (CO-RE), their skeletons, and jitstat with the agent inside.
$(B)/gen/vmlinux.h: | deps
	@mkdir -p $(@D)
	bpftool btf dump file /sys/kernel/btf/vmlinux format c > $@
