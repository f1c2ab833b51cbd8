# SPDX-License-Identifier: GPL-2.0-only
VM := $(BUILD)/vm
INITRAMFS := $(ALL_KERNELS:%=$(VM)/initramfs-%)
TIMEOUT ?= 300

# What people start from a fresh checkout begins here. All of it speaks on standard error: the
# standard output of guest-run is the command's alone.
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
prepare = @tests/vm/deps >&2 && $(MAKE) -s --no-print-directory -O $(JOBS) $(1) >&2 </dev/null

## deps		installs the packages that building and testing need (Debian 12, apt, sudo)
deps:
	@tests/vm/deps

## kernels	fetches Debian's kernels below build/kernels; nothing is installed (debug kernels: when needed)
kernels: $(KERNELS:%=$(BUILD)/kernels/%/release)

$(ALL_KERNELS:%=$(BUILD)/kernels/%/release): $(BUILD)/kernels/%/release:
	$(call say,KERNEL,'linux $*')
	@mkdir -p $(BUILD)/kernels
	$(Q)tests/vm/kernel $* $(BUILD)/kernels/$*

$(DEBUG_KERNELS:%=$(BUILD)/kernels/%/release): $(wildcard tests/vm/config/*)

$(VM)/init: $(BUILD)/tests/vm/init.o $(BUILD)/tests/vm/settle.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -static -o $@ $^ -lpthread

$(INITRAMFS): $(VM)/initramfs-%: $(VM)/init tests/vm/initramfs $(BUILD)/kernels/%/release
	$(call say,PACK,$@)
	$(Q)tests/vm/initramfs $(BUILD)/kernels/$* $(VM)/init $@

$(VM)/noatime.so: tests/vm/noatime.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(ALL_CPPFLAGS)) $(ALL_CFLAGS) -fPIC -shared -o $@ $<

# All that a guest with this kernel works with.
$(ALL_KERNELS:%=guest-ready-%): guest-ready-%: $(VM)/initramfs-% $(VM)/noatime.so module-% lib tools
	@:

##! Guests: throw-away virtual machines; K=6.1, 6.12 (default), debug, debug-6.12, kcsan or gcov, TIMEOUT=seconds.
## guest	runs one guest test: make guest T=region K=6.12; with GDB=1 gdb can be attached (docs/kernel.md)
guest: NAMED_TEST = $(or $(filter %/test_$(T),$(DEBUG_TESTS)),$(BUILD)/tests/guest/test_$(T))
guest:
	$(call prepare,guest-ready-$(K) $(NAMED_TEST))
	@tests/vm/guest $(if $(GDB),-g) -t $(TIMEOUT) $(K) 'tests/vm/run-tests -v $(NAMED_TEST)'

## torture	kills at random in a guest: make torture [KILLS=100000] [DURATION=seconds] [SEED=n]
# Counted by kills it has the time it needs; the hostile ones then have ten minutes.
torture: DURATION = $(if $(KILLS),1000000)
torture: HOSTILE = $(if $(KILLS),600,$(DURATION))
torture:
	$(call prepare,guest-ready-$(K) $(BUILD)/tests/guest/test_torture $(BUILD)/tests/guest/test_torture_hostile)
	@tests/vm/guest -t 1000000 $(K) '\
		KILLS=$(KILLS) DURATION=$(DURATION) SEED=$(SEED) $(BUILD)/tests/guest/test_torture && \
		DURATION=$(HOSTILE) SEED=$(SEED) $(BUILD)/tests/guest/test_torture_hostile'

## soak		mixed load in a guest, memory and objects must stay: make soak [DURATION=3600] [SEED=n]
soak: DURATION = 3600
soak:
	$(call prepare,guest-ready-$(K) $(BUILD)/tests/guest/test_soak)
	@tests/vm/guest -t $$(($(DURATION) + 600)) $(K) '\
		DURATION=$(DURATION) SEED=$(SEED) $(BUILD)/tests/guest/test_soak'

## reload	loads and unloads the module with traffic between: make reload [TIMES=1000] [SEED=n]
reload: TIMES = 1000
reload:
	$(call prepare,guest-ready-$(K) $(BUILD)/tests/guest/test_module)
	@tests/vm/guest -t 1000000 $(K) 'TIMES=$(TIMES) SEED=$(SEED) $(BUILD)/tests/guest/test_module'

## faults		lets each allocation and copy in every call fail in turn, the long form: make faults [K=debug-6.12]
faults: K = debug
faults:
	$(call prepare,guest-ready-$(K) $(FAULT_TESTS))
	@tests/vm/guest -t 1800 $(K) 'FAULTS_LONG=1 tests/vm/run-tests -v -t 600 $(FAULT_TESTS)'

## guest-run	runs CMD='...' in a guest; SHARE=dir is readable there at /mnt/share
# As it was typed: a $ in it is the guest shell's.
guest-run: override export CMD := $(value CMD)
guest-run:
	$(call prepare,guest-ready-$(K))
	@tests/vm/guest $(if $(GDB),-g) -t $(TIMEOUT) $(if $(SHARE),-s '$(SHARE)') $(K) "$$CMD"

## shell	a shell in a guest, on this terminal
shell:
	$(call prepare,guest-ready-$(K))
	@tests/vm/guest -i $(if $(GDB),-g) $(if $(SHARE),-s '$(SHARE)') $(K)

##! Tests; 'make check' does all of its own set-up.
# Each search of a model has a limit of its own; on slow processors all of them take minutes.
check check-host check-guest: export HOST_TESTS = $(UNIT_TESTS) $(PYTHON_HOST_TESTS) -t 1500 tests/install/installs tests/model/run
check check-host check-guest: export GUEST_TESTS := $(GUEST_RUN) $(PYTHON_GUEST_TESTS) \
	$(if $(filter debug%,$(K)),$(DEBUG_TESTS))

## check		all tests, on the host, in guests with both kernels, and some in one with a debug kernel
## -		make check K=debug: the module's tests alone, in one guest with that kernel
ifeq ($(origin K),file)
check: export DEBUG_SHORT := $(DEBUG_SHORT)
check:
	$(call prepare,unit-tests guest-tests debug-tests fuzzer $(KERNELS:%=guest-ready-%) guest-ready-debug)
	@tests/vm/check host $(KERNELS) debug
else
check: check-guest
endif

## check-host	the library's tests, on this machine
check-host:
	$(call prepare,unit-tests)
	@tests/vm/check host

## check-guest	the module's tests, in one guest: make check-guest K=6.1
check-guest:
	$(call prepare,guest-tests debug-tests guest-ready-$(K))
	@tests/vm/check $(K)

.PHONY: check check-host check-guest deps faults kernels guest guest-run reload shell soak torture $(ALL_KERNELS:%=guest-ready-%)
