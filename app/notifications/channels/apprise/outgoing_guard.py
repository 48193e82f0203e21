"""The helper's connections are checked when they are made, whatever library makes them.

An audit hook sees each address that a Python socket connects or sends to, after the name was
resolved and after any redirect. A hook cannot be removed, so it is installed in the helper only.
"""

import sys
from typing import Any

from app.notifications.public_addresses import is_public

_ADDRESSED = ("socket.connect", "socket.sendto", "socket.sendmsg")
_PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork")


class NotAllowed(OSError):
    """The helper must not do this for the current message."""


class OutgoingGuard:
    """While `public_only` is set, only public addresses are reached, and no program is started.

    `stopped` says whether it refused anything since it was last set to False.
    """

    def __init__(self) -> None:
        self.public_only = False
        self.stopped = False

    def install(self) -> None:
        """Watch this process from now on."""
        sys.addaudithook(self.check)

    def check(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Raise NotAllowed if the event must not happen now."""
        if not self.public_only:
            return
        if event in _ADDRESSED:
            address = arguments[1]
            host = address[0] if isinstance(address, tuple) else address
            if host is None or is_public(str(host)):  # None: to the address that it connected to
                return
        elif event not in _PROCESSES:
            return
        self.stopped = True
        raise NotAllowed(f"{event} is not allowed for this message")
