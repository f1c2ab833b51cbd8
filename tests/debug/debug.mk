# SPDX-License-Identifier: GPL-2.0-only
# Every tests/debug/test_*.c is a program like those of tests/guest, for what only the kernels
# debug and debug-6.12 can do: fail on purpose, tell which code ran.
DEBUG_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/debug/test_*.c))

FAULT_TESTS := $(filter $(BUILD)/tests/debug/test_faults%,$(DEBUG_TESTS))

# What 'make check' runs on the debug kernel; -t SECONDS can stand between them. Three minutes, on
# two processors that do nothing else, are there for each line.
DEBUG_SHORT := $(addprefix $(BUILD)/tests/guest/test_,region queue batch fds peek hangup)
DEBUG_SHORT += $(DEBUG_TESTS) tests/fuzz/short

debug-tests: $(DEBUG_TESTS)

# What they have in common.
$(DEBUG_TESTS): $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/debug/test_%,$(wildcard tests/debug/*.c)))

$(BUILD)/tests/debug/test_faults_calls: LDLIBS = -luring

.PHONY: debug-tests
