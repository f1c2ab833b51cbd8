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
$(Q)[[ -e $(1)/Makefile ]] || { echo "no kernel headers in $(1); install linux-headers-$$(uname -r), or name others: KDIR=" >&2; exit 1; }
$(Q)mkdir -p $(2)
$(Q)find $(2) -xtype l -delete
$(Q)cp -Rsf $(CURDIR)/Kbuild $(CURDIR)/kmod $(2)
+$(Q)$(MAKE) --no-print-directory -C $(1) M=$(CURDIR)/$(2) \
	KCFLAGS='$(MODULE_CFLAGS)' CONFIG_DEBUG_INFO_BTF_MODULES= $(3) modules
endef

# The debug kernels themselves are built without UBSAN's checks and KCOV's calls, for the time that saves.
$(DEBUG_KERNELS:%=module-%): MODULE_MAKE := UBSAN_SANITIZE=y KCOV_INSTRUMENT=y

$(ALL_KERNELS:%=module-%): module-%: $(BUILD)/kernels/%/release
	$(call build_module,$(BUILD)/kernels/$*/headers,$(BUILD)/modules/$*,$(MODULE_MAKE))

# As modules have it: what headers print for 'make kernelrelease' is not always that.
release_of = $(shell sed -n 's/.define UTS_RELEASE "\(.*\)"/\1/p' $(1)/include/generated/utsrelease.h 2>/dev/null)

module-kdir:
	$(call build_module,$(KDIR),$(BUILD)/modules/$(or $(call release_of,$(KDIR)),kdir))

UDEVRULESDIR ?= $(PREFIX)/lib/udev/rules.d
MODULESLOADDIR ?= $(PREFIX)/lib/modules-load.d

INSTALLED += 644:kmod/60-ipcx.rules:$(UDEVRULESDIR)/60-ipcx.rules \
	644:kmod/modules-load.conf:$(MODULESLOADDIR)/ipcx.conf

# Of the kernel that K or KDIR names, else of the one that runs.
ifeq ($(KDIR)$(filter file,$(origin K)),)
INSTALL_KDIR = $(BUILD)/kernels/$(K)/headers
INSTALL_BUILD = $(BUILD)/modules/$(K)
else
INSTALL_KDIR = $(or $(KDIR),/lib/modules/$(shell uname -r)/build)
INSTALL_BUILD = $(BUILD)/modules/$(INSTALL_RELEASE)
endif
INSTALL_RELEASE = $(call release_of,$(INSTALL_KDIR))
INSTALL_MOD_PATH ?= $(DESTDIR)
INSTALLED_MODULE = $(INSTALL_MOD_PATH)/lib/modules/$(INSTALL_RELEASE)/updates/kmod/ipcx.ko

## modules_install	the module, into /lib/modules (INSTALL_MOD_PATH, K or KDIR; else for the running kernel)
# The kernel's own way, which compresses, and signs where the key of the kernel's build is at hand.
# Its depmod wants a System.map that headers have not.
modules_install:
	$(call build_module,$(INSTALL_KDIR),$(INSTALL_BUILD))
	+$(Q)$(MAKE) --no-print-directory -C $(INSTALL_KDIR) M=$(CURDIR)/$(INSTALL_BUILD) \
		INSTALL_MOD_PATH=$(if $(INSTALL_MOD_PATH),$(abspath $(INSTALL_MOD_PATH))) INSTALL_MOD_DIR=updates \
		DEPMOD=: $(if $(wildcard $(INSTALL_KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=) modules_install
	$(Q)/sbin/depmod -b '$(INSTALL_MOD_PATH)/' $(INSTALL_RELEASE)

## modules_uninstall	removes it again
modules_uninstall:
	$(call say,REMOVE,$(INSTALLED_MODULE))
	$(Q)rm -f $(INSTALLED_MODULE){,.gz,.xz,.zst}
	$(Q)[[ ! -d $(dir $(INSTALLED_MODULE)) ]] || rmdir -p --ignore-fail-on-non-empty $(dir $(INSTALLED_MODULE))
	$(Q)/sbin/depmod -b '$(INSTALL_MOD_PATH)/' $(INSTALL_RELEASE)

# Where DKMS looks for sources.
DKMS_SOURCE := /usr/src/ipcx-$(LIB_VERSION)

## install-dkms	the module's source, from which DKMS builds it: dkms install ipcx/VERSION
install-dkms:
	$(call say,INSTALL,$(DESTDIR)$(DKMS_SOURCE))
	$(Q)mkdir -p $(DESTDIR)$(DKMS_SOURCE)
	$(Q)cp --parents Kbuild $(KMOD_SOURCES) kmod/Kbuild $(DESTDIR)$(DKMS_SOURCE)
	$(Q)sed 's/#MODULE_VERSION#/$(LIB_VERSION)/' kmod/dkms.conf >$(DESTDIR)$(DKMS_SOURCE)/dkms.conf

.PHONY: modules module-kdir $(ALL_KERNELS:%=module-%) modules_install modules_uninstall install-dkms
