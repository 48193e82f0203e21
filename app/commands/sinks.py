"""`stockpulse sinks` shows and controls sinks, also while workers run them.

Every act is in the admin trail. A worker takes it up within seconds.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from app.bootstrap.sink_tester import SinkTester
from app.commands.common import CommandError, actor
from app.config.settings import Settings
from app.config.signing import signer_of
from app.core.errors import (
    LetterNotFound,
    SinkNotConfigured,
    SinkNotFound,
    SinkTestFailed,
    TimeOutOfRange,
)
from app.core.events import rfc3339
from app.observability.logs import escaped, masked
from app.store import location
from app.store.access.admin_log import AdminLog
from app.store.dead_letters.letter_admin import DeadLetterAdmin
from app.store.deployment import CONSUMER
from app.store.dynamodb import tables
from app.store.dynamodb.client import connect
from app.store.feed.feed import Feed
from app.store.sinks.sink_control import RewindTo, SinkControl
from app.store.sinks.sink_lag import SinkView
from app.web.schemas.sink_models import RewindRequest

_REFUSALS = (LetterNotFound, SinkNotConfigured, SinkNotFound, SinkTestFailed, TimeOutOfRange)

_ERROR_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class _Office:
    """What the actions work with."""

    sinks: SinkControl
    letters: DeadLetterAdmin
    test: SinkTester


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "sinks",
        help="list, pause, resume, rewind, test and redrive sinks",
        description="A sink receives every change, in order, from a cursor of its own. A running "
        "worker (`stockpulse serve` or `worker`) takes a change up within seconds.",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list all sinks, with lag, owner and last error")
    listing.set_defaults(run=_list)
    pause = actions.add_parser("pause", help="deliver nothing more; what arrives waits")
    pause.set_defaults(run=_pause)
    resume = actions.add_parser("resume", help="deliver again, from where the sink was")
    resume.set_defaults(run=_resume)
    rewind = actions.add_parser("rewind", help="deliver again from a time on, or skip")
    rewind.add_argument(
        "--to",
        type=rewind_to,
        required=True,
        metavar="TIME",
        help="an RFC 3339 time (2026-11-21T08:30:00Z): deliver what arrived at or after it; "
        "`beginning`: everything that is kept; `now`: skip what is waiting",
    )
    rewind.set_defaults(run=_rewind)
    test = actions.add_parser("test", help="send one test message, from this process")
    test.set_defaults(run=_test)
    for action in (pause, resume, rewind, test):
        action.add_argument("name", metavar="NAME")
    redrive = actions.add_parser(
        "redrive",
        help="deliver dead letters again: of all sinks, of one, or single ones",
        description="A worker delivers the dead letters within seconds, perhaps behind later "
        "events of the same product. `audit` stands for records that could not be audited.",
    )
    redrive.add_argument("name", metavar="NAME", nargs="?", help="only this sink's")
    redrive.add_argument(
        "--id", metavar="ID", action="append", help="only this one (repeatable)", dest="ids"
    )
    redrive.set_defaults(run=_redrive)


def _list(_: argparse.Namespace, settings: Settings) -> int:
    with _office(settings) as office:
        views = office.sinks.views()
    if not views:
        print("There are no sinks: none has run yet.")
        return 0
    print("\n".join(table(views)))
    return 0


def _pause(arguments: argparse.Namespace, settings: Settings) -> int:
    with _office(settings) as office:
        view = office.sinks.pause(arguments.name, actor())
    print(f"Sink {view.row.name} is paused; what arrives waits for it.")
    return 0


def _resume(arguments: argparse.Namespace, settings: Settings) -> int:
    with _office(settings) as office:
        view = office.sinks.resume(arguments.name, actor())
    print(f"Sink {view.row.name} is running.")
    return 0


def _rewind(arguments: argparse.Namespace, settings: Settings) -> int:
    with _office(settings) as office:
        row = office.sinks.rewind(arguments.name, arguments.to, actor()).row
    paused = f" It is paused: `stockpulse sinks resume {row.name}`." * (row.state == "paused")
    print(f"Sink {row.name} goes on with what arrived after {_cursor_time(row.cursor)}.{paused}")
    return 0


def _test(arguments: argparse.Namespace, settings: Settings) -> int:
    with _office(settings) as office:
        print(escaped(office.test(arguments.name, actor())))
    return 0


def _redrive(arguments: argparse.Namespace, settings: Settings) -> int:
    with _office(settings) as office:
        sinks = redrive(office.sinks, office.letters, arguments.name, arguments.ids)
    if sinks:
        print(f"A worker delivers the dead letters of {', '.join(sinks)} within seconds.")
    else:
        print("There are no dead letters to deliver again.")
    return 0


def redrive(
    sinks: SinkControl, letters: DeadLetterAdmin, name: str | None, ids: Sequence[str] | None
) -> list[str]:
    """Request the redrive of these dead letters; the names of the sinks that have any.

    Raises:
        SinkNotFound, LetterNotFound: a name or an id is unknown; what came before it is requested.
        CommandError: a letter is of another sink than the one named.

    """
    if ids is not None:
        chosen = [letters.get(identifier) for identifier in ids]
        for letter in chosen:
            if name not in {None, letter.sink}:
                raise CommandError(f"dead letter {letter.id} is one of sink {letter.sink}")
        for letter in chosen:
            letters.redrive(letter.id, actor())
        return sorted({letter.sink for letter in chosen})
    if name is not None and name != "audit":
        sinks.find(name)
    found = sorted({letter.sink for letter in letters.all(name)})
    for sink in found:
        sinks.request_redrive(sink, actor())
    return found


def rewind_to(text: str) -> RewindTo:
    """Where a rewind goes (for argparse)."""
    try:
        return RewindRequest.model_validate({"to": text}).to
    except ValidationError as error:
        message = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise argparse.ArgumentTypeError(message) from None


def table(views: Sequence[SinkView]) -> list[str]:
    """The lines of `sinks list`."""
    rows = [("NAME", "STATE", "DELIVERED UP TO", "LAG", "EVENTS", "OWNER", "LAST ERROR")]
    rows += [
        (
            view.row.name,
            view.row.state,
            _cursor_time(view.row.cursor),
            f"{view.lag_seconds:.0f} s",
            f"{view.lag_events}",
            view.row.owner or "no worker runs it",
            masked(view.row.why or view.row.health.error)[:_ERROR_CHARACTERS] or "-",
        )
        for view in views
    ]
    cells = [[escaped(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


@contextmanager
def _office(settings: Settings) -> Iterator[_Office]:
    names = tables.table_names(settings.table_prefix, settings.products_table)
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        client = connect(where.endpoint).tables
        tables.ensure_tables(client, names, settings.attributes)
        log = AdminLog(client, names.settings)
        feed = Feed(client, names.feed, signer_of(settings).retention)
        sinks = SinkControl(client, names.checkpoints, CONSUMER, feed, log)
        letters = DeadLetterAdmin(client, names.dead_letters, log, sinks)
        try:
            yield _Office(sinks, letters, SinkTester(settings, sinks, names.products))
        except _REFUSALS as error:
            raise CommandError(escaped(error.detail)) from None


def _cursor_time(cursor: Any) -> str:
    if cursor is None or not cursor.ms:  # it never ran, or nothing had arrived when it began
        return "-"
    return rfc3339(datetime.fromtimestamp(cursor.ms / 1000, UTC))
