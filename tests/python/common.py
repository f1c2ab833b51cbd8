# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of the Python package share: they print TAP, as all tests do."""

import ctypes
import os
import subprocess
import sys
import unittest
from pathlib import Path

from tap import TAPTestRunner

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "build/lib/libipcx.so"
sys.path.insert(0, str(ROOT / "python"))
# Once it is there, it is what its name leads to.
ctypes.CDLL(str(LIBRARY))

LONG_ENOUGH = 20    # seconds, where a test fails otherwise


def main():
    runner = TAPTestRunner(stream=sys.stdout)
    runner.set_stream(True)
    runner.set_format("- {method_name}")
    unittest.main(module="__main__", testRunner=runner)


def python(program, *arguments, **options):
    """Another process, in which `program` has the package imported."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "python"),
                       LD_LIBRARY_PATH=str(LIBRARY.parent))
    return subprocess.Popen([sys.executable, "-c", "import ipcx, os, sys\n" + program, *arguments],
                            env=environment, **options)
