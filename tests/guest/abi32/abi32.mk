# SPDX-License-Identifier: GPL-2.0-only
# The 32-bit half of test_abi32. Static: the guest has the libraries of the host, which may have
# no 32-bit ones.
ABI32 := $(BUILD)/tests/guest/abi32/abi32

$(ABI32): tests/guest/abi32/abi32.c tests/guest/abi32/layout.h $(wildcard kmod/uapi/linux/*.h)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -m32 -static -D_FILE_OFFSET_BITS=64 -o $@ $<

$(BUILD)/tests/guest/test_abi32: | $(ABI32)
