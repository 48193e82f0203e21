"""A data folder has one owner, until that process ends.

The lock is the kernel's (`flock`), so it is released however its owner ends. Its descriptor is
close-on-exec (Python's default): if the engine inherited it, an orphaned engine would lock out the
next owner.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.store.engine.errors import DataFolderHeld

_PATIENCE = 0.5  # seconds; `is_held` in another process holds the lock for an instant
_PAUSE = 0.05


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Own the folder of the lock file `path` until the block ends.

    Raises:
        DataFolderHeld: another process owns it; the message names the process.
        OSError: the file cannot be created.

    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, path)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)  # also unlocks; deleting the file would race with the next owner


def is_held(path: Path) -> bool:
    """Whether a running process owns the folder of the lock file `path`."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _acquire(descriptor: int, path: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise DataFolderHeld(_held(descriptor, path)) from None
        time.sleep(_PAUSE)


def _held(descriptor: int, path: Path) -> str:
    pid = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    holder = f"process {pid}" if pid.isdigit() else "another process"
    return (
        f"the data folder {path.parent} is in use by another Stockpulse ({holder}): "
        "stop that one, or choose another folder with STOCKPULSE_DATA_DIR"
    )
