# SPDX-License-Identifier: GPL-2.0-only
##! Packages, tested
## check-packages	builds them, installs, uses and purges them in a guest (K=6.1 or 6.12)
check-packages: deb
	$(call prepare,guest-ready-$(K))
	@KERNEL=$(K) tests/vm/run-tests tests/install/installs-module
	@tests/install/packages $(K)

## check-packages-long	the same, with DKMS building the module in the guest (many minutes)
check-packages-long: deb
	$(call prepare,guest-ready-$(K))
	@tests/install/packages -l $(K)

## check-secure-boot	loads the module, signed and unsigned, in guests that enforce signatures
check-secure-boot:
	$(call prepare,guest-ready-$(K))
	@tests/install/secure-boot $(K)

.PHONY: check-packages check-packages-long check-secure-boot
