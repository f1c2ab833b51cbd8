# SPDX-License-Identifier: GPL-2.0-only
# Every tests/bench/bench_*.c is a program: bench_ring for the host, bench_busy for a guest with two
# processors, the others for one that counts instructions. What else is there is common.
BENCH := $(BUILD)/tests/bench
BENCH_LOGS := $(BUILD)/bench
BENCH_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/bench_*.c))
BENCH_COMMON := $(BENCH)/bench.o

bench-programs: $(BENCH_PROGRAMS)

$(BENCH)/bench_%: $(BENCH)/bench_%.o $(BENCH_COMMON) $(BUILD)/lib/libipcx.so
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../../lib' \
		-o $@ $(filter %.o,$^) -L$(BUILD)/lib -lipcx -lm

# Over a queue in a file, which the library has no public way to yet: with its objects.
$(BENCH)/bench_ring: $(BENCH)/bench_ring.o $(BENCH)/boost.o $(BENCH_COMMON) $(LIB_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CXX) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIB_NEEDS) -lpthread -lm

$(BENCH)/%.o: ALL_CPPFLAGS += -Ilib

$(BENCH)/%.o: tests/bench/%.cc
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(ALL_CPPFLAGS) -std=c++17 -Wall -Wextra $(CFLAGS) -c -o $@ $<

# In a guest: $(1) more options of tests/vm/guest, $(2) the programs.
bench_in_guest = tests/vm/guest $(1) -t 900 $(K) \
	'ipcxctl load && for b in $(2); do $(BENCH)/bench_$$b $(B) || exit; done' \
	| tee $(BENCH_LOGS)/guest$(1)-$(K).txt

# What a user of ipcxbench sees, in short: $(1).txt, .json, .csv and .svg. What a guest writes is
# gone with it, but for its standard output.
bench_channels = ipcxbench --quick --json $(1).json --csv $(1).csv --chart $(1).svg >$(1).txt
define measure_channels
@$(BUILD)/tools/$(call bench_channels,$(BENCH_LOGS)/channels-host) && cat $(BENCH_LOGS)/channels-host.txt
@tests/vm/guest -t 900 $(K) 'ipcxctl load >&2 && cd /tmp && $(call bench_channels,channels-guest) && \
	tar c channels-guest.*' >$(BENCH_LOGS)/guest.tar
@tar xf $(BENCH_LOGS)/guest.tar -C $(BENCH_LOGS) && rm $(BENCH_LOGS)/guest.tar && \
	cat $(BENCH_LOGS)/channels-guest.txt
endef

##! Benchmarks: tables and figures.txt below build/bench; docs/bench.md says what the figures mean
## bench		all of them, or with B=queue.pair those named so; K=6.1 or 6.12 (default)
bench: SHELL := /bin/bash -o pipefail
bench:
	$(call prepare,guest-ready-$(K) bench-programs)
	@rm -rf $(BENCH_LOGS) && mkdir -p $(BENCH_LOGS)
	@$(BENCH)/bench_ring $(B) | tee $(BENCH_LOGS)/host.txt
	@$(call bench_in_guest,-c,region queue wrap wrap_module)
	@$(call bench_in_guest,,busy)
	$(if $(B),,$(measure_channels))
	@grep -h '^figure ' $(BENCH_LOGS)/*.txt > $(BENCH_LOGS)/figures.txt
	@echo && cat $(BENCH_LOGS)/figures.txt

## bench-channels	ipcxbench in short, on this machine and in a guest: tables, CSV, JSON, charts
bench-channels: SHELL := /bin/bash -o pipefail
bench-channels:
	$(call prepare,guest-ready-$(K))
	@mkdir -p $(BENCH_LOGS)
	$(measure_channels)

.PHONY: bench bench-channels bench-programs
