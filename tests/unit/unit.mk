# SPDX-License-Identifier: GPL-2.0-only
# Every tests/unit/test_*.c is a cmocka program of its own; the other sources there are common. They
# are linked with the library's objects instead of the library: what it hides is tested too.
UNIT_PROGRAMS := $(patsubst %.c,%,$(wildcard tests/unit/test_*.c))
UNIT_OBJECTS := $(patsubst %.c,%.o,$(wildcard lib/*.c) $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c)) \
	tests/child.c)

# These look from outside at what was built; all others run once more under the sanitizers, of which
# the one for threads has something to see in a few.
UNIT_OF_PRODUCTS := $(addprefix tests/unit/test_,docs examples headers man symbols tools) \
	$(patsubst %.c,%,$(wildcard tests/unit/test_tools_bench*.c))
UNIT_WITH_THREADS := $(addprefix tests/unit/test_,lock_threads ring_stress broadcast_stress semaphore file_queue_threads)
ASAN := $(BUILD)/tests/asan
TSAN := $(BUILD)/tests/tsan
UNIT_TESTS := $(addprefix $(BUILD)/,$(UNIT_PROGRAMS)) \
	$(addprefix $(ASAN)/,$(filter-out $(UNIT_OF_PRODUCTS),$(UNIT_PROGRAMS))) \
	$(addprefix $(TSAN)/,$(UNIT_WITH_THREADS))

unit-tests: $(UNIT_TESTS)

%/test_message: LDFLAGS += -Wl,--wrap=queue_ioctl

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
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) -o $$@ $$^ -lcmocka -lpthread $(LIB_NEEDS) $$(LDLIBS)
endef

$(foreach dir,$(ASAN) $(TSAN),$(eval $(call unit_compile,$(dir))))
$(foreach dir,$(BUILD) $(ASAN) $(TSAN),$(eval $(call unit_link,$(dir))))

$(BUILD)/tests/unit/test_tools_bench_reports: LDLIBS = -ljansson

$(addprefix $(BUILD)/,$(UNIT_OF_PRODUCTS)): | lib tools man examples
check check-host: export PATH := $(CURDIR)/$(BUILD)/tools:$(PATH)

.PHONY: unit-tests
