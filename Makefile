# SPDX-License-Identifier: GPL-2.0-only
# What people type; 'make help' lists it. Kbuild beside this file is what the kernel's build reads.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
SHELL := /bin/bash

BUILD := build
KERNELS := 6.1 6.12
DEBUG_KERNELS := debug debug-6.12 kcsan gcov
ALL_KERNELS := $(KERNELS) $(DEBUG_KERNELS)
K ?= 6.12

CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
# What install puts where and uninstall takes away: MODE:FILE:PATH, or link:TARGET:PATH.
INSTALLED =
# Directories of ours alone: once they are empty, they go too.
INSTALLED_DIRS =

ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror $(CFLAGS)
ALL_CPPFLAGS = -Ilib/include -Ikmod/uapi -MMD -MP $(CPPFLAGS)

# V=1 shows the commands.
Q := $(if $(V),,@)
say = @printf '  %-7s %s\n' $(1) $(2)

## help		this list
help:
	@sed -nE 's/^##! ?(.*)/\n\1/p; s/^## ([a-z_-]+)\t+(.*)/  \1\t\2/p' $(MAKEFILE_LIST) | \
		awk -F '\t' 'NF == 2 { printf "%-21s%s\n", $$1, $$2; next } 1'

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
include tests/coverage/coverage.mk
include tests/lint.mk
include tests/demo/demo.mk
include tests/bench/bench.mk
include tests/model/model.mk
include tests/fuzz/fuzz.mk
include tests/install/install.mk
include debian/deb.mk

$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

-include $(shell find $(BUILD)/lib $(BUILD)/tools $(BUILD)/tests $(BUILD)/lint/gcc $(BUILD)/lint/clang -name '*.d' 2>/dev/null)

##! Installing; DESTDIR, PREFIX, BINDIR, LIBDIR, INCLUDEDIR, MANDIR and the like are what they are elsewhere.
## install	the library, its headers, its pkg-config file, the tools, the pages, the Python package, what udev and systemd read
install: lib tools man $(BUILD)/lib/libipcx.pc
	$(call say,INSTALL,'$(DESTDIR)$(PREFIX)')
	$(Q)for entry in $(INSTALLED); do \
		IFS=: read -r mode from to <<<"$$entry"; \
		case $$mode in \
		link) mkdir -p "$(DESTDIR)$${to%/*}" && ln -sfn "$$from" "$(DESTDIR)$$to" ;; \
		*) install -D -m "$$mode" "$$from" "$(DESTDIR)$$to" ;; \
		esac || exit; \
	done
	$(Q)[[ -n '$(DESTDIR)' || $$EUID != 0 ]] || /sbin/ldconfig

## uninstall	removes those files, given the same variables; directories that others use too stay
uninstall:
	$(call say,REMOVE,'$(DESTDIR)$(PREFIX)')
	$(Q)for entry in $(INSTALLED); do rm -f "$(DESTDIR)$${entry##*:}" || exit; done
	$(Q)for dir in $(INSTALLED_DIRS:%='$(DESTDIR)%'); do \
		rm -rf "$$dir/__pycache__"; \
		[[ ! -d $$dir ]] || rmdir --ignore-fail-on-non-empty "$$dir" || exit; \
	done
	$(Q)[[ -n '$(DESTDIR)' || $$EUID != 0 ]] || /sbin/ldconfig

##! Cleaning
## clean		removes what was built; fetched kernels stay
clean:
	$(Q)for dir in $(BUILD)/*; do [[ $$dir = $(BUILD)/kernels ]] || rm -rf "$$dir"; done

## distclean	removes the fetched kernels too
distclean:
	$(Q)rm -rf $(BUILD)

.PHONY: help all install uninstall clean distclean
