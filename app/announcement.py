"""What whoever started Stockpulse reads first: where it is, where its data are, what to try."""

import logging
import sys

from app.settings import Settings

_log = logging.getLogger(__name__)


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
