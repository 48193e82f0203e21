"""A process binds its socket first, prints its address, and shuts down cleanly on a signal."""

import logging
import resource
import signal
import socket
import sys
from contextlib import suppress

from app.config.settings import Settings

_log = logging.getLogger(__name__)

MOST_FILES = 16_384
_OWN_FILES = 256  # for the store's connections, the engine, sinks and logs


def open_files() -> int:
    """Raise the limit of open files as far as is allowed and useful; returns the limit.

    The default of 256 or 1,024 is that of programs that use `select`, which we do not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= MOST_FILES:
        return MOST_FILES
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    with suppress(ValueError, OSError):  # the kernel allows less than it says (macOS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


def connections(files: int) -> int:
    """How many connections a web server may have with this limit of open files."""
    return files - min(_OWN_FILES, files // 2)


class ListenError(Exception):
    """The web server cannot listen on its address. The message says what to do."""


def listener_at(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ListenError: the address is in use, or is not one of this machine's.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ListenError(
            f"cannot listen on {host}:{port} ({error.strerror}): "
            "stop the program that uses it, or set STOCKPULSE_PORT"
        ) from None
    return listener


def announce(settings: Settings, version: str, cli_line: str, port: int) -> None:
    """Print the addresses on stdout, and log a warning if access is open."""
    # A wildcard address cannot be opened in a browser; loopback is always among its addresses.
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    host = f"[{address}]" if ":" in address else address
    lines = [
        f"Stockpulse {version}: http://{host}:{port}{settings.base_path}/",
        f"Data: {settings.data_dir.resolve()}",
        "Change a product from another shell:",
        f"  {cli_line}",
        "Press Ctrl-C to stop.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    if settings.open_access:
        _log.warning(
            "STOCKPULSE_OPEN_ACCESS is set: until an API key exists, anyone who can reach %s "
            "has admin access",
            settings.host,
        )


def end_by_signals() -> None:
    """Make SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt from now on.

    (uvicorn catches these signals while it runs, and raises them again when it is done.)
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)


def _end(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
