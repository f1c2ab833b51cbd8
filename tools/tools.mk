# SPDX-License-Identifier: GPL-2.0-only
TOOLS := $(BUILD)/tools/ipcxctl $(BUILD)/tools/ipcxstat

# Where bash-completion looks for them.
COMPLETIONSDIR ?= $(PREFIX)/share/bash-completion/completions

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
	$(Q)$(link_tool) $$(pkg-config --libs smartcols ncursesw jansson) -lm

install-tools: tools
	install -d $(DESTDIR)$(BINDIR)
	install -m 755 $(TOOLS) $(DESTDIR)$(BINDIR)
	install -d $(DESTDIR)$(COMPLETIONSDIR)
	install -m 644 tools/completion/ipcxctl $(DESTDIR)$(COMPLETIONSDIR)
	for tool in $(filter-out ipcxctl,$(notdir $(TOOLS))); do ln -sf ipcxctl $(DESTDIR)$(COMPLETIONSDIR)/$$tool; done

.PHONY: tools install-tools
