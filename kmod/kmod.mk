# SPDX-License-Identifier: GPL-2.0-only
# The kernel's build leaves its products beside the sources, and one tree cannot hold those of two
# kernels. So each kernel gets a directory of links to the sources below build/modules.
MODULE_CFLAGS := -Werror

## modules	the module: for all KERNELS, for K=6.1 (or debug, ...) alone, or for your own KDIR=/path/to/headers
ifdef KDIR
modules: module-kdir
else ifneq ($(origin K),file)
modules: module-$(K)
else
modules: $(KERNELS:%=module-%)
endif

# $(1) the headers to build with, $(2) the directory of links, $(3) more for the kernel's make.
# BTF is left out: it takes pahole, and for 6.1 a vmlinux that Debian does not pack.
define build_module
$(Q)mkdir -p $(2)
$(Q)find $(2) -xtype l -delete
$(Q)cp -Rsf $(CURDIR)/Kbuild $(CURDIR)/kmod $(2)
+$(Q)$(MAKE) --no-print-directory -C $(1) M=$(CURDIR)/$(2) \
	KCFLAGS='$(MODULE_CFLAGS)' CONFIG_DEBUG_INFO_BTF_MODULES= $(3) modules
endef

# The debug kernels themselves are built without UBSAN's checks, for the time that saves.
$(DEBUG_KERNELS:%=module-%): MODULE_MAKE := UBSAN_SANITIZE=y

$(ALL_KERNELS:%=module-%): module-%: $(BUILD)/kernels/%/release
	$(call build_module,$(BUILD)/kernels/$*/headers,$(BUILD)/modules/$*,$(MODULE_MAKE))

module-kdir:
	$(call build_module,$(KDIR),$(BUILD)/modules/$(or $(shell $(MAKE) -s -C $(KDIR) kernelrelease),kdir))

.PHONY: modules module-kdir $(ALL_KERNELS:%=module-%)
