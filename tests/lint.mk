# SPDX-License-Identifier: GPL-2.0-only
LINT_SCRIPTS := $(BUILD)/kernels/scripts
CHECKPATCH := $(LINT_SCRIPTS)/checkpatch.pl
checkpatch = perl $(CHECKPATCH) --no-tree --strict --terse --show-types --no-summary \
	--max-line-length=100 $(if $(1),--ignore=$(subst $(space),$(comma),$(strip $(1)))) --file
comma := ,
empty :=
space := $(empty) $(empty)

KMOD_SOURCES = $(wildcard kmod/*.[ch] kmod/uapi/linux/*.h)
# The header for clang stands in for a macro of the kernel's that jumps, as it must itself.
USER_SOURCES = $(filter-out tests/lint/clang-kmod.h,$(wildcard lib/*.[ch] lib/include/ipcx/*.h \
	lib/examples/*.c tools/*.[ch] tests/*.[ch] tests/*/*.[ch]))

# The module is built for more than one kernel, and wraps a mapping's operations in a copy of them.
# Trace events are laid out in a way of their own.
KMOD_EXCEPT := LINUX_VERSION_CODE CONSTANT_COMPARISON CONST_STRUCT
TRACE_EXCEPT := PARENTHESIS_ALIGNMENT OPEN_ENDED_LINE
# What only the kernel has, or only the kernel must not have; and long messages.
USER_EXCEPT := PREFER_KERNEL_TYPES PREFER_DEFINED_ATTRIBUTE_MACRO ARCH_DEFINES BIT_MACRO VOLATILE \
	NAKED_SSCANF ENOSYS CAMELCASE SPLIT_STRING EMBEDDED_FUNCTION_NAME AVOID_EXTERNS \
	LONG_LINE_STRING LONG_LINE COMPLEX_MACRO MACRO_ARG_REUSE LINE_SPACING MULTIPLE_ASSIGNMENTS \
	REPEATED_WORD PARENTHESIS_ALIGNMENT ASSIGN_IN_IF FUNCTION_ARGUMENTS

# Words that codespell takes for misspelt ones:
# iput		puts an inode
# hel		the first half of hello, in tests of short reads
# whats		a macro that lists the kinds of WHAT
SPELLED := iput,hel,whats

COCCI := $(addprefix lint-cocci-,api free iterators locks misc null tests)
ANALYZED := $(basename $(wildcard lib/*.c tools/*.c))
LINT_GCC := $(ANALYZED:%=$(BUILD)/lint/gcc/%.o)
LINT_CLANG := $(ANALYZED:%=$(BUILD)/lint/clang/%.done)

## lint		every tool below without a warning, all pages, and a build without one
lint:
	$(call prepare,-k lib tools examples unit-tests guest-tests debug-tests fuzzer bench-programs \
		lint-man lint-doc lint-codespell lint-pyflakes lint-checkpatch \
		$(KERNELS:%=lint-sparse-%) lint-cocci \
		lint-gcc-analyzer lint-clang)

## lint-long	what takes too long for that: clang's analyzer on the module for the other kernels
lint-long:
	$(call prepare,-k $(filter-out $(LINT_CLANG_KMOD),$(KERNELS:%=lint-clang-%)))

## lint-codespell	spelling, in all text of the tree
lint-codespell:
	$(call say,LINT,codespell)
	$(Q)codespell --check-hidden --check-filenames --skip='./$(BUILD),./.git' -L $(SPELLED) .

## lint-pyflakes	pyflakes, all Python
lint-pyflakes:
	$(call say,LINT,pyflakes)
	$(Q)pyflakes3 python tests/python tests/coverage/explain tests/fuzz/reached

## lint-checkpatch	checkpatch --strict, all C
lint-checkpatch: $(CHECKPATCH)
	$(call say,LINT,checkpatch)
	$(Q)status=0; \
	$(call checkpatch,$(KMOD_EXCEPT)) $(filter-out %/trace.h,$(KMOD_SOURCES)) || status=1; \
	$(call checkpatch,$(KMOD_EXCEPT) $(TRACE_EXCEPT)) $(filter %/trace.h,$(KMOD_SOURCES)) || status=1; \
	$(call checkpatch,$(USER_EXCEPT)) $(USER_SOURCES) || status=1; \
	rm -f .checkpatch-camelcase.*; \
	exit $$status

$(CHECKPATCH):
	$(call say,FETCH,'the scripts of linux')
	@mkdir -p $(BUILD)/kernels
	$(Q)tests/vm/kernel scripts $(@D)

# Sparse looks at what is compiled, so every time all of it is.
$(KERNELS:%=lint-sparse-%): lint-sparse-%: $(BUILD)/kernels/%/release
	$(call say,LINT,'sparse on $*')
	$(Q)rm -rf $(BUILD)/lint/$*
	$(call build_module,$(BUILD)/kernels/$*/headers,$(BUILD)/lint/$*,C=1 CF=-Wsparse-error W=1)

## lint-cocci	coccinelle with the kernel's semantic patches, the module
lint-cocci: $(COCCI)

$(COCCI): lint-cocci-%: $(CHECKPATCH)
	$(call say,LINT,'coccinelle $*')
	$(Q)tests/lint/cocci $(LINT_SCRIPTS)/coccinelle/$*

## lint-gcc-analyzer	gcc -fanalyzer, the library and the tools
lint-gcc-analyzer: $(LINT_GCC)

$(BUILD)/lint/gcc/%.o: %.c
	$(call say,GCC,'-fanalyzer $<')
	@mkdir -p $(@D)
	$(Q)gcc $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fanalyzer -c -o $@ $<

# What differs between the kernels is little, and the newest checks the most.
LINT_CLANG_KMOD := lint-clang-$(lastword $(KERNELS))

## lint-clang	clang's analyzer, the same and the module
lint-clang: $(LINT_CLANG) $(LINT_CLANG_KMOD)

$(BUILD)/lint/clang/%.done: %.c
	$(call say,CLANG,'--analyze $<')
	@mkdir -p $(@D)
	$(Q)clang --analyze --analyzer-output text -Xclang -analyzer-werror \
		$(ALL_CPPFLAGS) $(ALL_CFLAGS) -MF $(@:.done=.d) -MT $@ -o /dev/null $<
	@touch $@

$(KERNELS:%=lint-clang-%): lint-clang-%: $(BUILD)/kernels/%/release
	$(call say,LINT,"clang's analyzer on $*")
	$(Q)rm -rf $(BUILD)/lint/clang-$*
	$(call build_module,$(BUILD)/kernels/$*/headers,$(BUILD)/lint/clang-$*,C=1 \
		CHECK=$(CURDIR)/tests/lint/clang-kmod CHECKFLAGS=)

.PHONY: lint lint-long lint-codespell lint-pyflakes lint-checkpatch lint-man lint-cocci $(COCCI) \
	lint-gcc-analyzer lint-clang $(KERNELS:%=lint-sparse-%) $(KERNELS:%=lint-clang-%)
