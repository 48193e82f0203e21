"""`stockpulse sinks check` compares what a sink's receiver holds with the truth."""

import argparse
from typing import Any

from app.commands.common import Progress
from app.commands.sinks.tools import open_tools
from app.config.settings import Settings
from app.observability.logs import escaped

_SHOWN = 1_000  # differences that are printed; the others are counted


def add(actions: Any) -> None:
    """Add the action to the parser."""
    check = actions.add_parser(
        "check",
        help="compare what the receiver holds with the truth",
        description="Prints one line for each difference, and exits with status 1 if there is any. "
        "Changes that are not delivered yet are differences: check a sink whose lag is 0.",
    )
    check.set_defaults(run=_check)
    check.add_argument("name", metavar="NAME", help="the sink's name")


def _check(arguments: argparse.Namespace, settings: Settings) -> int:
    found = 0

    def so_far() -> str:
        return f"Checking {arguments.name}: {found} differences so far"

    with open_tools(settings) as tools, Progress() as progress:
        for difference in tools.check(arguments.name):
            progress(so_far)
            found += bool(difference)
            if difference and found <= _SHOWN:
                print(escaped(difference), flush=True)
    if found > _SHOWN:
        print(f"… and {found - _SHOWN} more.")
    print(f"Sink {arguments.name}: {found or 'no'} difference{'' if found <= 1 else 's'}.")
    return 1 if found else 0
