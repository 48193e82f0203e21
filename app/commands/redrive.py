"""`stockpulse redrive` marks dead letters due; the worker delivers them, each lane in its order."""

import argparse
from collections.abc import Iterable
from typing import Any

from app.commands.actor import actor
from app.commands.errors import CommandError
from app.settings import Settings
from app.store import place, tables
from app.store.admin_log import AdminLog
from app.store.client import connect
from app.store.errors import LetterNotFound
from app.store.letter_desk import LetterDesk
from app.store.letters import AUDIT, Letter


def add(commands: Any) -> None:
    """Tell the parser of the command."""
    parser = commands.add_parser(
        "redrive",
        help="have dead letters tried again",
        description="Marks dead letters due: all, those of one sink, or single ones. The worker "
        "(`stockpulse serve` or `worker`) tries them within half a minute, in the order of each "
        "product's events.",
    )
    parser.add_argument("--sink", metavar="NAME", help="only this sink's")
    parser.add_argument(
        "--id", metavar="ID", action="append", help="only this one (repeatable)", dest="ids"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Mark, and say how many; 0 also where there was nothing to mark."""
    names = tables.table_names(settings.table_prefix, settings.products_table)
    with place.shared(settings.dynamodb, settings.data_dir, names) as where:
        client = connect(where.endpoint).tables
        desk = LetterDesk(client, names.dead_letters, AdminLog(client, names.settings))
        marked = _mark(desk, _wanted(desk, arguments.sink, arguments.ids))
    if marked:
        are = "letter is" if marked == 1 else "letters are"
        print(
            f"{marked} dead {are} due; the worker (`stockpulse serve` or `worker`) delivers what "
            "is due."
        )
    else:
        print("There are no dead letters to try again.")
    return 0


def _mark(desk: LetterDesk, letters: Iterable[Letter]) -> int:
    """Mark each lane (of the audit: each letter) once; how many letters that concerns."""
    marked: set[tuple[str, str]] = set()
    count = 0
    for letter in letters:
        what = letter.event_key if letter.sink == AUDIT else letter.sink
        if (letter.product_id, what) not in marked:
            try:
                desk.redrive(letter.id, actor())
            except LetterNotFound:  # delivered since it was listed
                continue
            marked.add((letter.product_id, what))
        count += 1
    return count


def _wanted(desk: LetterDesk, sink: str | None, ids: list[str] | None) -> Iterable[Letter]:
    if ids is None:
        return desk.all(sink)
    try:
        letters = [desk.get(identifier) for identifier in ids]
    except LetterNotFound as error:
        raise CommandError(error.detail) from None
    return [letter for letter in letters if sink in {None, letter.sink}]
