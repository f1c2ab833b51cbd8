# SPDX-License-Identifier: GPL-2.0-only
# Pages are scdoc's, with what headers, tools and other documents say filled in.
MAN_PAGES := $(patsubst docs/man/%.scd,$(BUILD)/man/%,$(wildcard docs/man/*.scd))

## man		the manual pages, below build/man; to look at: man -l build/man/ipcx.7
man: $(MAN_PAGES)

$(BUILD)/man/%: docs/man/%.scd docs/man/expand.awk docs/man/tidy.awk \
		$(wildcard docs/*.md kmod/uapi/linux/*.h lib/include/ipcx/*.h)
	$(call say,MAN,$@)
	@mkdir -p $(@D)
	$(Q)set -o pipefail; LD_LIBRARY_PATH=$(BUILD)/lib awk -v version=$(LIB_VERSION) -v tools=$(BUILD)/tools -f docs/man/expand.awk $< | \
		scdoc | awk -f docs/man/tidy.awk >$@

# A tool is built before its page, which has what it says.
$(foreach page,$(MAN_PAGES),$(eval $(page): $(filter %/$(basename $(notdir $(page))),$(TOOLS))))

INSTALLED += $(foreach page,$(MAN_PAGES),644:$(page):$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))

# A page must be good for both, and fit a terminal of 80 columns.
lint-man: man
	$(call say,LINT,'manual pages')
	$(Q)status=0; \
	mandoc -T lint -W warning $(MAN_PAGES) || status=1; \
	for page in $(MAN_PAGES); do \
		said=$$(MANWIDTH=80 man --warnings -l $$page 2>&1 >/dev/null) && [[ -z $$said ]] || \
			{ echo "$$page: $$said"; status=1; }; \
	done; \
	exit $$status

.PHONY: man lint-man
