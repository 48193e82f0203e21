"""`stockpulse redrive` has a worker deliver dead letters again."""

import argparse
from collections.abc import Iterable
from typing import Any

from app.commands.actor import actor
from app.commands.errors import CommandError
from app.settings import Settings
from app.store import place, tables
from app.store.admin_log import AdminLog
from app.store.client import connect
from app.store.coordination.sinks import SinkControl
from app.store.dead_letters.desk import LetterDesk
from app.store.dead_letters.letter import Letter
from app.store.deployment import CONSUMER
from app.store.errors import LetterNotFound


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "redrive",
        help="deliver dead letters again",
        description="Marks dead letters due: all, those of one sink, or single ones. A worker "
        "(`stockpulse serve` or `worker`) delivers them within seconds, perhaps behind later "
        "events of the same product.",
    )
    parser.add_argument("--sink", metavar="NAME", help="only this sink's")
    parser.add_argument(
        "--id", metavar="ID", action="append", help="only this one (repeatable)", dest="ids"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Mark letters due and print how many; 0 also where there were none."""
    names = tables.table_names(settings.table_prefix, settings.products_table)
    with place.shared(settings.dynamodb, settings.data_dir, names) as where:
        client = connect(where.endpoint).tables
        log = AdminLog(client, names.settings)
        sinks = SinkControl(client, names.checkpoints, CONSUMER, log)
        desk = LetterDesk(client, names.dead_letters, log, sinks)
        marked = redrive(desk, wanted(desk, arguments.sink, arguments.ids))
    print(
        f"Dead letters marked due: {marked}. A worker delivers them within seconds."
        if marked
        else "There are no dead letters to deliver again."
    )
    return 0


def redrive(desk: LetterDesk, letters: Iterable[Letter]) -> int:
    """Mark each letter due; how many there still were."""
    count = 0
    for letter in letters:
        try:
            desk.redrive(letter.id, actor())
        except LetterNotFound:  # delivered since it was listed
            continue
        count += 1
    return count


def wanted(desk: LetterDesk, sink: str | None, ids: list[str] | None) -> Iterable[Letter]:
    """The letters that the arguments name.

    Raises:
        CommandError: an id is not a dead letter's.

    """
    if ids is None:
        return desk.all(sink)
    try:
        letters = [desk.get(identifier) for identifier in ids]
    except LetterNotFound as error:
        raise CommandError(error.detail) from None
    return [letter for letter in letters if sink in {None, letter.sink}]
