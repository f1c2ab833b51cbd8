# SPDX-License-Identifier: GPL-2.0-only
DEMO := $(BUILD)/tests/demo/share

$(DEMO): %: %.o $(BUILD)/lib/libipcx.so
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../../lib' \
		-o $@ $(filter %.o,$^) -L$(BUILD)/lib -lipcx

##! The main job, end to end
## demo		real files through a queue whose receiver is killed, in a guest (K=6.1 or 6.12)
demo:
	$(call prepare,guest-ready-$(K) $(DEMO))
	@tests/vm/guest -t 900 $(K) tests/demo/demo

.PHONY: demo
