# SPDX-License-Identifier: GPL-2.0-only
# The package is loaded as it lies here; LD_LIBRARY_PATH=build/lib PYTHONPATH=python tries it out.
# Where Debian's Python looks; but below /usr itself that is lib/python3.
PYTHONDIR ?= $(PREFIX)/lib/$(shell python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')/dist-packages

PYTHON_HOST_TESTS := tests/python/test_abi.py tests/python/test_channel.py
PYTHON_GUEST_TESTS := tests/python/test_module.py

INSTALLED += $(foreach file,$(wildcard python/ipcx/*.py python/ipcx/py.typed),644:$(file):$(PYTHONDIR)/ipcx/$(notdir $(file)))
INSTALLED_DIRS += $(PYTHONDIR)/ipcx
