"""The lives of the supervisor's processes: none outlives it."""

import ctypes
import os
import signal
import sys
import threading
import time

PARENT = "TINHSO_SUPERVISOR"  # environment variable: the process that must be our parent
GRACE = 5.0  # seconds for what a process has begun when its parent is gone
_PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with_supervisor() -> None:
    """Have the kernel end this process when the supervisor ends; nothing where it was started by hand."""
    expected = os.environ.get(PARENT)
    if expected:
        end_with_parent(int(expected))


def end_with_parent(parent: int) -> None:
    """Have the kernel send SIGTERM to this process when process *parent* ends, even by `kill -9`.

    The signal follows the thread that started us; it must be one that lives as long as its process. What does
    not end on the signal, because it waits for a database that ended as well, ends `GRACE` seconds later.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it ended before we asked
        sys.exit(1)
    threading.Thread(target=_end_late, args=(parent,), daemon=True).start()


def _end_late(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    time.sleep(GRACE)
    os._exit(1)
