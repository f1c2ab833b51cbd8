#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the package knows of the library's ABI, held against the headers."""

import ctypes
import subprocess
import tempfile
import unittest

from common import LIBRARY, ROOT, main

import ipcx
from ipcx import _library

STRUCTURES = {
    "ipcx_channel_msg": _library.ChannelMsg, "ipcx_msg": _library.Msg,
    "ipcx_loan": _library.LoanStruct, "ipcx_queue_options": _library.QueueOptions,
    "ipcx_region_options": _library.RegionOptions,
}
CONSTANTS = {
    "IPCX_RIGHT_": ipcx.Right, "IPCX_CREATE_": ipcx.Create, "IPCX_QUEUE_": ipcx.QueueFlag,
    "IPCX_REGION_": ipcx.RegionFlag, "IPCX_SEAL_": ipcx.Seal, "IPCX_CHANNEL_": ipcx.Capability,
}
# No flags of the package: its own calls see to these.
LEFT_OUT = {"IPCX_REGION_FILE", "IPCX_CHANNEL_H", "IPCX_QUEUE_H", "IPCX_REGION_H"}


def run_c(source):
    """What a program that includes the headers prints."""
    with tempfile.TemporaryDirectory() as directory:
        program = f"{directory}/program"
        subprocess.run(["gcc", "-I", ROOT / "lib/include", "-I", ROOT / "kmod/uapi", "-x", "c", "-",
                        "-o", program], input=source, text=True, check=True)
        return subprocess.run([program], capture_output=True, text=True, check=True).stdout


def defined():
    macros = subprocess.run(["gcc", "-I", ROOT / "lib/include", "-I", ROOT / "kmod/uapi", "-E",
                             "-dM", ROOT / "lib/include/ipcx/ipcx.h"],
                            capture_output=True, text=True, check=True).stdout
    return [line.split()[1] for line in macros.splitlines()]


class AbiTest(unittest.TestCase):
    def test_structures(self):
        lines, expected = [], []
        for name, structure in STRUCTURES.items():
            lines.append(f'printf("{name} %zu\\n", sizeof(struct {name}));')
            expected.append(f"{name} {ctypes.sizeof(structure)}")
            for field, *_ in structure._fields_:
                member = f"((struct {name} *)0)->{field}"
                lines.append(f'printf("{name}.{field} %zu %zu\\n", '
                             f"offsetof(struct {name}, {field}), sizeof({member}));")
                place = getattr(structure, field)
                expected.append(f"{name}.{field} {place.offset} {place.size}")
        source = ("#include <stdio.h>\n#include <ipcx/ipcx.h>\nint main(void)\n{\n"
                  + "\n".join(lines) + "\n}\n")
        self.assertEqual(run_c(source).splitlines(), expected)

    def test_constants(self):
        names = [name for name in defined() if name not in LEFT_OUT]
        for prefix, flags in CONSTANTS.items():
            there = sorted(name for name in names if name.startswith(prefix))
            self.assertEqual([name.removeprefix(prefix) for name in there],
                             sorted(flag.name for flag in flags))
            lines = [f'printf("%llu\\n", (unsigned long long){name});' for name in there]
            source = ("#include <stdio.h>\n#include <ipcx/ipcx.h>\nint main(void)\n{\n"
                      + "\n".join(lines) + "\n}\n")
            values = [int(flags[name.removeprefix(prefix)]) for name in there]
            self.assertEqual([int(line) for line in run_c(source).split()], values)

    def test_single_constants(self):
        source = """
#include <stdio.h>
#include <ipcx/ipcx.h>
int main(void)
{
	printf("%d %llu %llu %d %d %d %u %u %u\\n", IPCX_FDS_MAX, IPCX_NO_WAIT, IPCX_FOREVER,
	       IPCX_KIND_ANY, IPCX_KIND_REGION, IPCX_KIND_QUEUE, IPCX_MSG_REDELIVERED,
	       IPCX_MSG_STAMPED, IPCX_MSG_FDS_LOST);
}
"""
        self.assertEqual([int(word) for word in run_c(source).split()],
                         [_library.FDS_MAX, _library.NO_WAIT, _library.FOREVER, ipcx.KIND_ANY,
                          ipcx.KIND_REGION, ipcx.KIND_QUEUE, ipcx.message._REDELIVERED,
                          ipcx.queue._STAMPED, ipcx.message._FDS_LOST])

    def test_version(self):
        source = '#include <stdio.h>\n#include <ipcx/ipcx.h>\nint main(void){puts(IPCX_VERSION);}'
        self.assertEqual(run_c(source).strip(), ipcx.__version__)

    def test_soname(self):
        built = subprocess.run(["objdump", "-p", LIBRARY],
                               capture_output=True, text=True, check=True).stdout
        self.assertIn(f"SONAME               {_library.SONAME}\n", built)


if __name__ == "__main__":
    main()
