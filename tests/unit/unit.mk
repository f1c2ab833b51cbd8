# SPDX-License-Identifier: GPL-2.0-only
# Every tests/unit/test_*.c is a cmocka program of its own; the other sources there are common. They
# are linked with the library's objects instead of the library: what it hides is tested too.
UNIT_PROGRAMS := $(patsubst %.c,%,$(wildcard tests/unit/test_*.c))
UNIT_OBJECTS := $(patsubst %.c,%.o,$(wildcard lib/*.c) $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c)))

# All of them once more under the sanitizers; threads are in the stress alone, headers are no program.
ASAN := $(BUILD)/tests/asan
TSAN := $(BUILD)/tests/tsan
UNIT_TESTS := $(addprefix $(BUILD)/,$(UNIT_PROGRAMS)) \
	$(addprefix $(ASAN)/,$(filter-out %/test_headers,$(UNIT_PROGRAMS))) \
	$(TSAN)/tests/unit/test_ring_stress

unit-tests: $(UNIT_TESTS)

$(BUILD)/tests/%: ALL_CPPFLAGS += -Ilib
$(ASAN)/%: ALL_CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all
$(TSAN)/%: ALL_CFLAGS += -fsanitize=thread

# $(1) the directory of a build; that of the plain one is compiled for by the Makefile's own rule.
define unit_compile
$(1)/%.o: %.c
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_CPPFLAGS) $$(ALL_CFLAGS) -c -o $$@ $$<
endef

define unit_link
$(filter $(1)/tests/unit/%,$(UNIT_TESTS)): %: %.o $(addprefix $(1)/,$(UNIT_OBJECTS))
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) -o $$@ $$^ -lcmocka -lpthread
endef

$(foreach dir,$(ASAN) $(TSAN),$(eval $(call unit_compile,$(dir))))
$(foreach dir,$(BUILD) $(ASAN) $(TSAN),$(eval $(call unit_link,$(dir))))

# What it looks at is the library itself.
$(BUILD)/tests/unit/test_headers: | $(BUILD)/lib/libipcx.so

.PHONY: unit-tests
