# SPDX-License-Identifier: GPL-2.0-only
BENCH := $(BUILD)/tests/bench/bench_region

$(BENCH): %: %.o
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $<

##! Benchmarks, in a guest that counts instructions
## bench		what regions cost beside memfd; tables and figures.txt below build/bench (K=6.1 or 6.12)
bench: SHELL := /bin/bash -o pipefail
bench:
	$(call prepare,guest-ready-$(K) $(BENCH))
	@mkdir -p $(BUILD)/bench
	@tests/vm/guest -c -t 600 $(K) 'ipcxctl load && $(BENCH)' | tee $(BUILD)/bench/region-$(K).txt
	@grep '^figure ' $(BUILD)/bench/region-$(K).txt > $(BUILD)/bench/figures.txt

.PHONY: bench
