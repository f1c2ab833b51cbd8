# SPDX-License-Identifier: GPL-2.0-only
# What the public headers say of themselves as pages of HTML, and the links of all other pages.
DOC := $(BUILD)/doc

## doc		the reference of the library and of the ABI from the headers, build/doc/api/index.html
doc: $(DOC)/.made

# A warning is an error: all that is public says what it is, takes and returns.
$(DOC)/.made: docs/api/Doxyfile docs/api/filter.awk $(wildcard kmod/uapi/linux/*.h lib/include/ipcx/*.h)
	$(call say,DOC,$(DOC)/api)
	@mkdir -p $(@D)
	$(Q){ cat $<; echo "PROJECT_NUMBER=$(LIB_VERSION)"; echo "OUTPUT_DIRECTORY=$(DOC)"; } | doxygen -
	@touch $@

# The pictures lie in the tree as well, for who reads it there.
docs/%.svg: docs/%.dot
	$(call say,DOT,$@)
	$(Q)dot -Tsvg -o $@ $<

## lint-doc	comments of the headers, links, translations, pictures
lint-doc: doc
	$(call say,LINT,'documentation')
	$(Q)tests/lint/docs

.PHONY: doc lint-doc
