"""A process binds its socket first, says where it is, and ends in order on a signal."""

import logging
import signal
import socket
import sys

from app.config.settings import Settings

_log = logging.getLogger(__name__)


class ListenError(Exception):
    """The web server's address cannot be had; the message says what to do."""


def listener_at(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ListenError: it cannot be had.

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
            "end what uses it, or set STOCKPULSE_PORT"
        ) from None
    return listener


def announce(settings: Settings, version: str, cli_line: str, port: int) -> None:
    """Say it on stdout, and warn of an open door in the log."""
    # Every address is no address to go to: name the one that is surely among them.
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    host = f"[{address}]" if ":" in address else address
    lines = [
        f"Stockpulse {version}: http://{host}:{port}{settings.base_path}/",
        f"Data: {settings.data_dir.resolve()}",
        "Change a product from another shell:",
        f"  {cli_line}",
        "Ctrl-C ends it.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    if settings.open_access:
        _log.warning(
            "STOCKPULSE_OPEN_ACCESS: until there is a key, whoever can reach %s may write",
            settings.host,
        )


def end_by_signals() -> None:
    """From now on a signal raises KeyboardInterrupt.

    (uvicorn raises the signals that it caught again when it is done.)
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)


def _end(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
