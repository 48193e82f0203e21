"""`stockpulse serve` runs the web server and the worker until a signal."""

import argparse
import textwrap
from typing import Any

from app.bootstrap.auth import OpenAccessRefused
from app.bootstrap.process import ListenError
from app.bootstrap.web import serve
from app.commands.common import CommandError
from app.config.settings import PREFIX, Settings, documented


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "serve",
        help="run the web server and the worker",
        description="Runs the web server and the worker in one process until Ctrl-C.\n"
        "With STOCKPULSE_BROKER_URL it runs the web server only.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=settings_help(),
    )
    parser.set_defaults(run=run)


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Serve until a signal."""
    try:
        serve(settings)
    except (ListenError, OpenAccessRefused) as error:
        raise CommandError(str(error)) from None
    return 0


def settings_help() -> str:
    """Every setting with its default and meaning."""
    lines = ["settings (environment variables, or lines in a file named `.env`):"]
    for name, field in documented():
        default = "unset" if field.default in (None, "", (), {}) else field.default
        shown = str(default).lower() if isinstance(default, bool) else default
        lines.append(f"  {PREFIX}{name.upper()} ({shown})")
        lines += textwrap.wrap(
            field.description or "", 88, initial_indent="      ", subsequent_indent="      "
        )
    return "\n".join(lines)
