"""`stockpulse sinks rebuild` makes a receiver's state again while the old one stays in use."""

import argparse
from typing import Any

from app.commands.common import actor
from app.commands.sinks.tools import open_tools
from app.config.settings import Settings
from app.observability.logs import escaped


def add(actions: Any) -> None:
    """Add the action to the parser."""
    rebuild = actions.add_parser(
        "rebuild",
        help="build the receiver's state again from the products table",
        description="A worker does it while it goes on delivering events. The old state stays in "
        "use until the new one is complete.",
    )
    rebuild.set_defaults(run=_rebuild)
    rebuild.add_argument("name", metavar="NAME", help="the sink's name (`search`)")


def _rebuild(arguments: argparse.Namespace, settings: Settings) -> int:
    with open_tools(settings) as tools:
        print(escaped(tools.rebuild(arguments.name, actor())))
    return 0
