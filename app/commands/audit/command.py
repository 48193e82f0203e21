"""The events are read from the tables, so the command works with and without a server."""

import argparse
import select
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from io import UnsupportedOperation
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from app.commands.audit.lines import human_line, json_line
from app.commands.audit.selection import Selection, start_of
from app.commands.common import NO_AUDIT, WHEN, CommandError, Progress, period_of
from app.config.settings import Settings
from app.config.signing import signer_of
from app.core.errors import StoreUnavailable
from app.core.events import KINDS, REASONS, ChangeEvent
from app.core.paths import name_in_events
from app.runtime.backoff import Backoff
from app.store import location
from app.store.audit.audit_repository import AuditRepository
from app.store.dynamodb.products_table import check_exists
from app.store.engine import find_running
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from app.store.location import Place
from app.store.timeline.event_readers import (
    AllEvents,
    EventReader,
    ProductEvents,
    Read,
    arrival_of,
)

P = TypeVar("P")

NEWEST = 50  # events that are printed if neither --since nor --limit is given
NEWEST_FIRST = 10  # the same, before the events that --follow waits for
MOST = 1_000_000  # of --limit
POLL = 1.0  # seconds between reads of new events
RECENT = 10_000  # printed events that are recognized if they arrive again
_wait_after = Backoff(1.0, 30.0)


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "audit",
        help="print changes: who changed what, when and why",
        description="Prints events from the audit, oldest first: those since a time, or else the "
        "newest. Times are those of the changes. Options for values can be repeated.",
        epilog=f"{WHEN} Without --product, changes that arrived more than a day after --until are "
        "left out.",
    )
    parser.add_argument("--product", metavar="ID", help="only the history of this product")
    parser.add_argument("--since", metavar="WHEN", help="only changes from this time on")
    parser.add_argument("--until", metavar="WHEN", help="only changes up to this time")
    kinds = [kind for kind in KINDS if kind != "internal"]
    for name, choices, what in (
        ("kind", kinds, f"one of {', '.join(kinds)}"),
        ("actor", None, "who made the change, as printed, such as `outside Stockpulse`"),
        ("reason", REASONS, f"one of {', '.join(REASONS)}"),
        ("category", None, "the product's category"),
    ):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            choices=choices,
            metavar=name.upper(),
            help=f"only changes of this {name}: {what}",
        )
    parser.add_argument(
        "--limit",
        type=limit,
        metavar="N",
        help=f"at most the newest N changes (default: all with --since, otherwise {NEWEST}, with "
        f"--follow {NEWEST_FIRST})",
    )
    parser.add_argument(
        "-f", "--follow", action="store_true", help="print new changes as they arrive, until Ctrl-C"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object per line, with both images"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the events."""
    zone = ZoneInfo(settings.timezone)
    selection = selection_of(arguments, datetime.now(UTC), zone)
    if (
        arguments.follow
        and settings.dynamodb == "embedded"
        and find_running(settings.data_dir) is None
    ):
        raise CommandError(
            "no server runs on the data folder, so no change can arrive. Start one with "
            "`stockpulse serve`, or omit --follow"
        )
    names, stock_name = settings.table_names, name_in_events(settings.stock_attribute)
    for_people = partial(human_line, zone=zone, stock_name=stock_name)
    show = partial(json_line, table=names.products) if arguments.json else for_people
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        read = _reading(arguments, settings, where, selection)
        for event in events(read, follow=arguments.follow):
            if selection.admits(event):
                print(show(event))
    return 0


def selection_of(arguments: argparse.Namespace, now: datetime, zone: ZoneInfo) -> Selection:
    """The selection that the arguments make.

    Raises:
        CommandError: a time is invalid, or no event can match.

    """
    since, until = period_of(arguments, now, zone)
    if until is not None and arguments.follow:
        raise CommandError("--follow waits for new changes, so it cannot be used with --until")
    return Selection(
        since,
        until,
        *(frozenset(getattr(arguments, name)) for name in ("kind", "actor", "reason", "category")),
    )


def _reading(
    arguments: argparse.Namespace, settings: Settings, where: Place, selection: Selection
) -> Read:
    """The function that reads the events, from the first one to print."""
    client, names = where.connect().tables, settings.table_names
    check_exists(client, names.audit, NO_AUDIT)
    signer = signer_of(settings)
    feed = Feed(client, names.feed, signer.retention)
    audit = AuditRepository(client, names.audit, feed, signer, CursorClock(0).stamp)
    most = arguments.limit
    if most is None and selection.since is None:
        most = NEWEST_FIRST if arguments.follow else NEWEST
    if arguments.product is not None:
        if not arguments.follow and not audit.knows(arguments.product):
            raise CommandError(f"product {arguments.product!r} has no history")
        of_product = ProductEvents(client, names.audit, audit, arguments.product)
        return _from_start(of_product, selection, most)
    reader = AllEvents(feed, audit)
    if most is None and selection.since is not None:
        return reader.read_from(arrival_of(selection.since), selection.until)
    return _from_start(reader, selection, most)


def _from_start(reader: EventReader[P], selection: Selection, most: int | None) -> Read:
    """Read backwards up to the first event to print, then from there."""
    from_now = reader.read_from(None, selection.until)  # before the search: nothing is missed
    with Progress() as progress:

        def shown() -> Iterator[tuple[P, ChangeEvent]]:
            newest_first = reader.newest_first(selection.since, selection.until)
            for count, (place, event) in enumerate(newest_first, 1):
                progress(lambda: f"searched {count:,} events, back to {event.occurred_at:%d %B %Y}")  # noqa: B023
                yield place, event

        start = start_of(shown(), selection, most)
    return from_now if start is None else reader.read_from(start, selection.until)


def events(
    read: Read, *, follow: bool, wait: Callable[[float], None] | None = None
) -> Iterator[ChangeEvent]:
    """Each event once; with `follow`, for ever.

    Raises:
        StoreUnavailable: the tables cannot be read. With `follow`, it is printed and read again.
        BrokenPipeError: the reader of the output is gone.

    """
    wait = wait or _wait
    printed: OrderedDict[str, None] = OrderedDict()
    failures = 0
    while True:
        try:
            found = read()
        except StoreUnavailable as error:
            if not follow:
                raise
            failures += 1
            if failures == 1:
                print(f"stockpulse: {error.detail} Waiting for it …", file=sys.stderr)
            wait(_wait_after(failures))
            continue
        failures = 0
        for event in found:
            if event.id not in printed:
                printed[event.id] = None
                yield event
        while len(printed) > RECENT:
            printed.popitem(last=False)
        if not found:
            if not follow:
                return
            wait(POLL)


def _wait(seconds: float) -> None:
    """Print what is buffered, and wait; ends at once if the reader of the output has gone."""
    sys.stdout.flush()
    try:
        output = sys.stdout.fileno()
    except UnsupportedOperation:  # not a file
        time.sleep(seconds)
        return
    poll = select.poll()
    poll.register(output, 0)  # reports errors only
    if poll.poll(seconds * 1000):
        raise BrokenPipeError


def limit(text: str) -> int:
    """A number of changes (for argparse, which shows the function's name)."""
    number = int(text)
    if 1 <= number <= MOST:
        return number
    raise argparse.ArgumentTypeError(f"must be a number from 1 to {MOST}")
