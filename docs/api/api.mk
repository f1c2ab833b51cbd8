# SPDX-License-Identifier: GPL-2.0-only
# What the public headers say of themselves, as pages of HTML.
DOC := $(BUILD)/doc

## doc		the reference of the library and of the ABI from the headers, build/doc/api/index.html
doc: $(DOC)/.made

# A warning is an error: all that is public says what it is, takes and returns.
$(DOC)/.made: docs/api/Doxyfile docs/api/filter.awk $(wildcard kmod/uapi/linux/*.h lib/include/ipcx/*.h)
	$(call say,DOC,$(DOC)/api)
	@mkdir -p $(@D)
	$(Q){ cat $<; echo "PROJECT_NUMBER=$(LIB_VERSION)"; echo "OUTPUT_DIRECTORY=$(DOC)"; } | doxygen -
	@touch $@

## lint-doc	comments of the headers: a warning of doxygen's is an error
lint-doc: doc

.PHONY: doc lint-doc
