# SPDX-License-Identifier: GPL-2.0-only
TOOLS := $(BUILD)/tools/ipcxctl $(BUILD)/tools/ipcxstat

## tools		ipcxctl and ipcxstat
tools: $(TOOLS)

tool_objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/$(1)*.c tools/common*.c))

# The library is found beside the tool's directory, in the build tree and where it is installed.
link_tool = $(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../lib' \
	-o $@ $(filter %.o,$^) -L$(BUILD)/lib -lipcx

$(BUILD)/tools/ipcxctl: $(call tool_objects,ctl) $(BUILD)/lib/libipcx.so
	$(call say,LD,$@)
	$(Q)$(link_tool) $$(pkg-config --libs libkmod smartcols)

$(BUILD)/tools/ipcxstat: $(call tool_objects,stat) $(BUILD)/lib/libipcx.so
	$(call say,LD,$@)
	$(Q)$(link_tool) $$(pkg-config --libs smartcols)

install-tools: tools
	install -d $(DESTDIR)$(BINDIR)
	install -m 755 $(TOOLS) $(DESTDIR)$(BINDIR)

.PHONY: tools install-tools
