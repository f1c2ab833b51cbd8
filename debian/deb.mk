# SPDX-License-Identifier: GPL-2.0-only
DEB := $(BUILD)/deb

## deb		Debian packages into build/deb, looked over by lintian
# Of a copy of the tree: a package is built in its tree, and lies beside it.
deb:
	@tests/vm/deps >&2
	$(call say,DEB,$(DEB))
	$(Q)rm -rf $(DEB) && mkdir -p $(DEB)/ipcx
	$(Q)tar -c --exclude=./$(BUILD) --exclude=./.git . | tar -x -C $(DEB)/ipcx
	$(Q)cd $(DEB)/ipcx && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS dpkg-buildpackage -us -uc -b >../build.log 2>&1 || \
		{ tail -n 30 ../build.log; exit 1; }
	$(Q)rm -r $(DEB)/ipcx
	$(Q)lintian --allow-root --fail-on=error,warning --tag-display-limit=0 $(DEB)/*.changes

.PHONY: deb
