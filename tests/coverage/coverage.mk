# SPDX-License-Identifier: GPL-2.0-only
# What lines of the module its tests run. The kernel keeps the counts of a module that is unloaded
# and adds those of the next: so all programs in one guest add up.
COVERAGE := $(BUILD)/coverage
COVERAGE_GOAL := 95
COVERAGE_ROOT := $(BUILD)/modules/gcov
COVERAGE_OBJECTS := $(COVERAGE_ROOT)/kmod
COVERAGE_TESTS = $(if $(T),$(T:%=$(BUILD)/tests/guest/test_%),$(GUEST_TESTS))

# Processors that run the same line at once shall not lose a count.
module-gcov: MODULE_CFLAGS += -fprofile-update=atomic
module-gcov: MODULE_MAKE := GCOV_PROFILE=y

## coverage	lines of the module that the guest tests run (HTML: build/coverage); of T=region alone
coverage:
	$(call prepare,$(if $(T),$(COVERAGE_TESTS),guest-tests) guest-ready-gcov)
	@rm -rf $(COVERAGE) $(COVERAGE_OBJECTS)/*.gcda
	@mkdir -p $(COVERAGE)
	@tests/vm/guest -t 1800 gcov 'tests/vm/run-tests $(COVERAGE_TESTS) >&2; status=$$?; \
		tests/coverage/counts $(CURDIR)/$(COVERAGE_OBJECTS); exit $$status' >$(COVERAGE)/counts.tar
	@tar -x -C $(COVERAGE_OBJECTS) -f $(COVERAGE)/counts.tar
	@gcovr --root $(COVERAGE_ROOT) --object-directory $(BUILD)/kernels/gcov/headers $(COVERAGE_OBJECTS) \
		--txt --json $(COVERAGE)/lines.json --html-details $(COVERAGE)/index.html \
		$(if $(T),,--fail-under-line $(COVERAGE_GOAL))
	$(if $(T),,@tests/coverage/explain $(COVERAGE)/lines.json tests/coverage/uncovered)

.PHONY: coverage
