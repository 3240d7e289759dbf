# jitstat: see `make help`.
B ?= build
CC = gcc
CLANG ?= clang
OPT ?= -O2
SAN ?=
CFLAGS = -std=gnu11 -D_GNU_SOURCE $(OPT) -g -Wall -Wextra -Wno-unused-parameter -fno-strict-aliasing -fno-omit-frame-pointer \
         -fvisibility=hidden -fPIC -ftls-model=initial-exec -Iinclude -Ijit -I$(B)/gen $(SAN) $(EXTRA)
LDLIBS = -lm -ldl -lpthread
VERSION = 0.1.0
CFLAGS += -DJITSTAT_VERSION='"$(VERSION)"'

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

ENGINE_SRC := $(sort $(foreach d,base ir opt x64 code obs trace,$(wildcard jit/$(d)/*.c)))
LUA_SRC    := $(sort $(wildcard jit/lua/*.c))
LUA_LIBSRC := $(filter-out jit/lua/main.c jit/lua/stdio.c,$(LUA_SRC))
AGENT_SRC  := $(sort $(filter-out agent/jitstatd.c,$(wildcard agent/*.c)))
CLI_SRC    := $(sort $(wildcard cli/*.c))
TOY_SRC    := $(sort $(wildcard tests/toy/*.c))
BPF_SRC    := $(sort $(wildcard bpf/*.bpf.c))
LIBLUA := $(B)/liblua5.4.so.0
obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

include mk/*.mk
