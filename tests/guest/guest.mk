# SPDX-License-Identifier: GPL-2.0-only
# Every tests/guest/test_*.c is a cmocka program of its own; the other sources there are common.
GUEST_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/guest/test_*.c))
GUEST_COMMON := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/guest/test_%,$(wildcard tests/guest/*.c)) \
	tests/child.c)

include tests/debug/debug.mk

# That one counts kills and not seconds.
GUEST_TORTURE := $(BUILD)/tests/guest/test_torture
GUEST_RUN := -t 900 $(GUEST_TORTURE) -t 120 $(filter-out $(GUEST_TORTURE),$(GUEST_TESTS))

guest-tests: $(GUEST_TESTS)

$(GUEST_TESTS) $(DEBUG_TESTS): %: %.o $(GUEST_COMMON) $(BUILD)/lib/libipcx.so
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../../lib' \
		-o $@ $(filter %.o,$^) -L$(BUILD)/lib -lipcx $$(pkg-config --libs libkmod) -lcmocka -lpthread $(LDLIBS)

# The suite that the host's tests run for what needs no module.
$(BUILD)/tests/guest/test_channels: $(patsubst %.c,$(BUILD)/%.o,tests/unit/peer.c $(wildcard tests/unit/conformance*.c))

$(addprefix $(BUILD)/tests/guest/test_,poll unload_kernel): LDLIBS = -luring
$(addprefix $(BUILD)/tests/guest/test_tools_,stat who watch): LDLIBS = -ljansson -lm

$(BUILD)/tests/guest/test_examples: | examples

include tests/guest/abi32/abi32.mk
include tests/guest/torture/torture.mk

.PHONY: guest-tests
