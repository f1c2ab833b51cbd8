# SPDX-License-Identifier: GPL-2.0-only
# What people type; 'make help' lists it. Kbuild beside this file is what the kernel's build reads.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
SHELL := /bin/bash

BUILD := build
KERNELS := 6.1 6.12
DEBUG_KERNELS := debug debug-6.12 kcsan
ALL_KERNELS := $(KERNELS) $(DEBUG_KERNELS)
K ?= 6.12

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man

CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror $(CFLAGS)
ALL_CPPFLAGS = -Ilib/include -Ikmod/uapi -MMD -MP $(CPPFLAGS)

# V=1 shows the commands.
Q := $(if $(V),,@)
say = @printf '  %-7s %s\n' $(1) $(2)

## help		this list
help:
	@sed -nE 's/^##! ?(.*)/\n\1/p; s/^## ([a-z-]+)\t+(.*)/  \1\t\2/p' $(MAKEFILE_LIST) | \
		awk -F '\t' 'NF == 2 { printf "%-16s%s\n", $$1, $$2; next } 1'

##! Building; everything that is built goes below build/.
## all		the library, the tools, their pages, and the module for the kernels fetched so far
all: lib tools man $(patsubst $(BUILD)/kernels/%/release,module-%,$(wildcard $(BUILD)/kernels/*/release))

include lib/lib.mk
include tools/tools.mk
include kmod/kmod.mk
include python/python.mk
include docs/man/man.mk
include docs/api/api.mk
include tests/unit/unit.mk
include tests/guest/guest.mk
include tests/vm/vm.mk
include tests/lint.mk
include tests/demo/demo.mk
include tests/bench/bench.mk
include tests/model/model.mk

$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

-include $(shell find $(BUILD)/lib $(BUILD)/tools $(BUILD)/tests $(BUILD)/lint/gcc $(BUILD)/lint/clang -name '*.d' 2>/dev/null)

## install	the library, its headers, its pkg-config file, the tools, the pages, the Python package (DESTDIR, PREFIX)
install: install-lib install-tools install-man install-python

## clean		removes what was built; fetched kernels stay
clean:
	$(Q)for dir in $(BUILD)/*; do [[ $$dir = $(BUILD)/kernels ]] || rm -rf "$$dir"; done

## distclean	removes the fetched kernels too
distclean:
	$(Q)rm -rf $(BUILD)

.PHONY: help all install clean distclean
