# SPDX-License-Identifier: LGPL-2.1-or-later
"""Interprocess communication on Linux: channels, queues and regions of libipcx.

    with ipcx.Channel.receiver("shm:/talk") as channel:
        for message in channel:
            print(message)

What holds for every call:

Errors      are OSError with the errno that the library's header of the call
            names, and so BlockingIOError (EAGAIN), TimeoutError, BrokenPipeError
            (nobody is left on the other side), FileNotFoundError and so on.
Blocking    timeout is in seconds: None waits as long as it takes, 0 does not
            wait (BlockingIOError), anything else is TimeoutError in the end.
Signals     a call that a signal interrupts goes on once its handler has
            returned, for what is left of the time, unless the handler raises.
Threads     the interpreter is not held up while a call waits; any number of
            threads may use an object, and closing it must be the last use.
Descriptors belong to the object that fileno() tells them; those received are the
            caller's to close.

The library's headers say the rest. Since 0.1.
"""

from ._library import version
from .channel import Capability, Channel, remove
from .message import Message
from .objects import KIND_ANY, KIND_QUEUE, KIND_REGION, Create, Right, unlink
from .queue import Queue, QueueFlag
from .region import Region, RegionFlag, Seal

__version__ = version()

__all__ = [
    "KIND_ANY", "KIND_QUEUE", "KIND_REGION",
    "Capability", "Channel", "Create", "Message", "Queue", "QueueFlag", "Region",
    "RegionFlag", "Right", "Seal", "remove", "unlink",
]
