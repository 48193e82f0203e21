"""`stockpulse sinks` lists and controls sinks, even while workers run them.

Every action is written to the admin trail. A worker applies it within seconds.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from app.bootstrap.sink_tester import SinkTester
from app.commands.common import CommandError, actor, aligned
from app.config.settings import Settings
from app.config.signing import signer_of
from app.core.events import rfc3339
from app.observability.logs import escaped, masked
from app.store import location
from app.store.access.admin_log import AdminLog
from app.store.dead_letters.letter_admin import DeadLetterAdmin
from app.store.deployment import CONSUMER, Deployment
from app.store.dynamodb import tables
from app.store.feed.feed import Feed
from app.store.sinks.rewind_point import RewindTo
from app.store.sinks.sink_control import SinkControl
from app.store.sinks.sink_errors import (
    LetterNotFound,
    SinkNotConfigured,
    SinkNotFound,
    SinkTestFailed,
    TimeOutOfRange,
)
from app.store.sinks.sink_lag import SinkView
from app.web.schemas.sink_models import RewindRequest

_REFUSALS = (LetterNotFound, SinkNotConfigured, SinkNotFound, SinkTestFailed, TimeOutOfRange)

_ERROR_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class _SinkTools:
    """The objects that the actions use."""

    sinks: SinkControl
    letters: DeadLetterAdmin
    test: SinkTester


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "sinks",
        help="list, pause, resume, rewind, test and redrive sinks",
        description="A sink receives every change, in order, from its own cursor. A running worker "
        "(`stockpulse serve` or `stockpulse worker`) applies these commands within seconds.",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list all sinks, with lag, owner and last error")
    listing.set_defaults(run=_list)
    pause = actions.add_parser("pause", help="stop deliveries; new events wait")
    pause.set_defaults(run=_pause)
    resume = actions.add_parser("resume", help="continue deliveries from the sink's cursor")
    resume.set_defaults(run=_resume)
    rewind = actions.add_parser(
        "rewind", help="deliver again from an earlier time, or skip ahead to a later one"
    )
    rewind.add_argument(
        "--to",
        type=rewind_to,
        required=True,
        metavar="TIME",
        help="an RFC 3339 time (2026-11-21T08:30:00Z) to deliver events that arrived at or after "
        "it; `beginning` for all events that are kept; `now` to skip all waiting events",
    )
    rewind.set_defaults(run=_rewind)
    test = actions.add_parser("test", help="send one test message from this process")
    test.set_defaults(run=_test)
    for action in (pause, resume, rewind, test):
        action.add_argument("name", metavar="NAME", help="the sink's name")
    redrive = actions.add_parser(
        "redrive",
        help="deliver dead letters again: of all sinks, of one sink, or single ones",
        description="A worker delivers the dead letters within seconds, possibly after later "
        "events of the same product. The name `audit` stands for records that could not be "
        "audited.",
    )
    redrive.add_argument(
        "name", metavar="NAME", nargs="?", help="only the dead letters of this sink"
    )
    redrive.add_argument(
        "--id",
        metavar="ID",
        action="append",
        help="only the dead letter with this id (can be repeated)",
        dest="ids",
    )
    redrive.set_defaults(run=_redrive)


def _list(_: argparse.Namespace, settings: Settings) -> int:
    with _open_tools(settings) as tools:
        views = tools.sinks.views()
    if not views:
        print("There are no sinks: no worker has run one yet.")
        return 0
    print("\n".join(table(views)))
    return 0


def _pause(arguments: argparse.Namespace, settings: Settings) -> int:
    with _open_tools(settings) as tools:
        view = tools.sinks.pause(arguments.name, actor())
    print(f"Sink {view.row.name} is paused. New events wait until it is resumed.")
    return 0


def _resume(arguments: argparse.Namespace, settings: Settings) -> int:
    with _open_tools(settings) as tools:
        view = tools.sinks.resume(arguments.name, actor())
    print(f"Sink {view.row.name} is running.")
    return 0


def _rewind(arguments: argparse.Namespace, settings: Settings) -> int:
    with _open_tools(settings) as tools:
        row = tools.sinks.rewind(arguments.name, arguments.to, actor()).row
    paused = row.state == "paused"
    hint = f" It is paused: run `stockpulse sinks resume {row.name}`." if paused else ""
    after = _cursor_time(row.cursor)
    print(f"Sink {row.name} continues with events that arrived after {after}.{hint}")
    return 0


def _test(arguments: argparse.Namespace, settings: Settings) -> int:
    with _open_tools(settings) as tools:
        print(escaped(tools.test(arguments.name, actor())))
    return 0


def _redrive(arguments: argparse.Namespace, settings: Settings) -> int:
    with _open_tools(settings) as tools:
        sinks = redrive(tools.sinks, tools.letters, arguments.name, arguments.ids)
    if sinks:
        print(f"A worker delivers the dead letters of {', '.join(sinks)} within seconds.")
    else:
        print("There are no dead letters to redrive.")
    return 0


def redrive(
    sinks: SinkControl, letters: DeadLetterAdmin, name: str | None, ids: Sequence[str] | None
) -> list[str]:
    """Request a redrive of these dead letters; returns the names of the sinks that have any.

    Raises:
        SinkNotFound, LetterNotFound: a name or an id is unknown; letters before it may already be
            requested.
        CommandError: a dead letter belongs to another sink than the one named.

    """
    if ids is not None:
        chosen = [letters.get(identifier) for identifier in ids]
        for letter in chosen:
            if name not in {None, letter.sink}:
                raise CommandError(f"dead letter {letter.id} belongs to sink {letter.sink}")
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
    """The target of a rewind (for argparse)."""
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
    return aligned(rows)


@contextmanager
def _open_tools(settings: Settings) -> Iterator[_SinkTools]:
    names = settings.table_names
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        clients = where.connect()
        client = clients.tables
        attributes = tables.ensure_tables(client, names, settings.attributes)
        deployment = Deployment(clients, names, attributes, signer_of(settings))
        log = AdminLog(client, names.settings)
        feed = Feed(client, names.feed, deployment.signer.retention)
        sinks = SinkControl(client, names.checkpoints, CONSUMER, feed, log)
        letters = DeadLetterAdmin(client, names.dead_letters, log, sinks)
        try:
            yield _SinkTools(sinks, letters, SinkTester(settings, sinks, deployment))
        except _REFUSALS as error:
            raise CommandError(escaped(error.detail)) from None


def _cursor_time(cursor: Any) -> str:
    if cursor is None or not cursor.ms:  # it never ran, or it started before any event
        return "-"
    return rfc3339(datetime.fromtimestamp(cursor.ms / 1000, UTC))
