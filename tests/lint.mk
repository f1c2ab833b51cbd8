# SPDX-License-Identifier: GPL-2.0-only
CHECKPATCH := $(BUILD)/kernels/checkpatch/checkpatch.pl
checkpatch = perl $(CHECKPATCH) --no-tree --strict --terse --show-types --no-summary \
	--max-line-length=100 $(if $(1),--ignore=$(subst $(space),$(comma),$(strip $(1)))) --file
comma := ,
empty :=
space := $(empty) $(empty)

KMOD_SOURCES = $(wildcard kmod/*.[ch] kmod/uapi/linux/*.h)
USER_SOURCES = $(wildcard lib/*.[ch] lib/include/ipcx/*.h lib/examples/*.c tools/*.[ch] tests/*.[ch] tests/*/*.[ch])

# The module is built for more than one kernel, and wraps a mapping's operations in a copy of them.
# Trace events are laid out in a way of their own.
KMOD_EXCEPT := LINUX_VERSION_CODE CONSTANT_COMPARISON CONST_STRUCT
TRACE_EXCEPT := PARENTHESIS_ALIGNMENT OPEN_ENDED_LINE
# What only the kernel has, or only the kernel must not have; and long messages.
USER_EXCEPT := PREFER_KERNEL_TYPES PREFER_DEFINED_ATTRIBUTE_MACRO ARCH_DEFINES BIT_MACRO VOLATILE \
	NAKED_SSCANF ENOSYS CAMELCASE SPLIT_STRING EMBEDDED_FUNCTION_NAME AVOID_EXTERNS \
	LONG_LINE_STRING LONG_LINE COMPLEX_MACRO MACRO_ARG_REUSE LINE_SPACING MULTIPLE_ASSIGNMENTS \
	REPEATED_WORD PARENTHESIS_ALIGNMENT ASSIGN_IN_IF FUNCTION_ARGUMENTS

## lint		checkpatch --strict, sparse on all kernels, manual pages, and a build without warnings
lint:
	$(call prepare,-k lib tools examples unit-tests guest-tests bench-programs lint-checkpatch lint-man $(KERNELS:%=lint-sparse-%))

lint-checkpatch: $(CHECKPATCH)
	$(call say,LINT,checkpatch)
	$(Q)status=0; \
	$(call checkpatch,$(KMOD_EXCEPT)) $(filter-out %/trace.h,$(KMOD_SOURCES)) || status=1; \
	$(call checkpatch,$(KMOD_EXCEPT) $(TRACE_EXCEPT)) $(filter %/trace.h,$(KMOD_SOURCES)) || status=1; \
	$(call checkpatch,$(USER_EXCEPT)) $(USER_SOURCES) || status=1; \
	rm -f .checkpatch-camelcase.*; \
	exit $$status

$(CHECKPATCH):
	$(call say,FETCH,checkpatch)
	@mkdir -p $(BUILD)/kernels
	$(Q)tests/vm/kernel checkpatch $(@D)

# Sparse looks at what is compiled, so every time all of it is.
$(KERNELS:%=lint-sparse-%): lint-sparse-%: $(BUILD)/kernels/%/release
	$(call say,LINT,'sparse on $*')
	$(Q)rm -rf $(BUILD)/lint/$*
	$(call build_module,$(BUILD)/kernels/$*/headers,$(BUILD)/lint/$*,C=1 CF=-Wsparse-error W=1)

.PHONY: lint lint-checkpatch lint-man $(KERNELS:%=lint-sparse-%)
