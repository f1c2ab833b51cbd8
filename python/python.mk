# SPDX-License-Identifier: GPL-2.0-only
# The package is loaded as it lies here; LD_LIBRARY_PATH=build/lib PYTHONPATH=python tries it out.
PYTHONDIR ?= $(PREFIX)/lib/python3/dist-packages

PYTHON_HOST_TESTS := tests/python/test_abi.py tests/python/test_channel.py
PYTHON_GUEST_TESTS := tests/python/test_module.py

install-python:
	install -d $(DESTDIR)$(PYTHONDIR)/ipcx
	install -m 644 python/ipcx/*.py python/ipcx/py.typed $(DESTDIR)$(PYTHONDIR)/ipcx

.PHONY: install-python
