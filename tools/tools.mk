# SPDX-License-Identifier: GPL-2.0-only
TOOLS := $(BUILD)/tools/ipcxctl $(BUILD)/tools/ipcxstat $(BUILD)/tools/ipcxbench

# Where bash-completion looks for them.
COMPLETIONSDIR ?= $(PREFIX)/share/bash-completion/completions

## tools		ipcxctl, ipcxstat and ipcxbench
tools: $(TOOLS)

tool_objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/$(1)*.c tools/common*.c))

# The library is found beside the tool's directory, in the build tree and where it is installed.
# Packages leave it empty: the linker's own directories have the library.
TOOLS_RPATH ?= $$ORIGIN/../lib
link_tool = $(CC) $(ALL_CFLAGS) $(LDFLAGS) $(TOOLS_RPATH:%=-Wl,-rpath,'%') \
	-o $@ $(filter %.o,$^) -L$(BUILD)/lib -lipcx

$(BUILD)/tools/ipcxctl: $(call tool_objects,ctl) $(BUILD)/lib/libipcx.so
	$(call say,LD,$@)
	$(Q)$(link_tool) $$(pkg-config --libs libkmod smartcols)

$(BUILD)/tools/ipcxstat: $(call tool_objects,stat) $(BUILD)/lib/libipcx.so
	$(call say,LD,$@)
	$(Q)$(link_tool) $$(pkg-config --libs smartcols ncursesw jansson) -lm

# Other libraries, measured beside ours where they are installed; Boost is needed anyway.
has_header = $(shell $(CC) $(CPPFLAGS) -include $(1) -E -xc /dev/null >/dev/null 2>&1 && echo $(1))
BENCH_PEERS := boost $(if $(call has_header,zmq.h),zmq) $(if $(call has_header,nng/nng.h),nng)
BENCH_OBJECTS = $(filter-out $(BUILD)/tools/bench_peer_%,$(call tool_objects,bench)) \
	$(BUILD)/tools/bench_record.o $(BENCH_PEERS:%=$(BUILD)/tools/bench_peer_%.o)

$(BUILD)/tools/bench_channel.o: ALL_CPPFLAGS += $(BENCH_PEERS:%=-DWITH_%)

$(BUILD)/tools/%.o: tools/%.cc
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(ALL_CPPFLAGS) -std=c++17 -Wall -Wextra -Werror $(CFLAGS) -c -o $@ $<

$(BUILD)/tools/ipcxbench: $(BENCH_OBJECTS) $(BUILD)/lib/libipcx.so
	$(call say,LD,$@)
	$(Q)$(link_tool) $$(pkg-config --libs smartcols jansson) -lstdc++ -lm -lpthread \
		$(patsubst %,-l%,$(filter-out boost,$(BENCH_PEERS)))

INSTALLED += $(foreach tool,$(TOOLS),755:$(tool):$(BINDIR)/$(notdir $(tool))) \
	644:tools/completion/ipcxctl:$(COMPLETIONSDIR)/ipcxctl \
	$(foreach tool,$(filter-out ipcxctl,$(notdir $(TOOLS))),link:ipcxctl:$(COMPLETIONSDIR)/$(tool))

.PHONY: tools
