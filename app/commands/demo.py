"""`stockpulse demo` runs a made-up shop: in a server of its own, or beside the one that runs."""

import argparse
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.bootstrap.auth import OpenAccessRefused
from app.bootstrap.process import ListenError, end_by_signals
from app.bootstrap.web import serve
from app.commands.common import PROGRESS_SECONDS, CommandError, at_most_every
from app.config.settings import PREFIX, Settings
from app.config.signing import signer_of
from app.demo.external import run_beside
from app.demo.history.backfill import divided, make_past
from app.demo.history.records import NoPast
from app.demo.live import Plan
from app.demo.simulation.change import Change
from app.demo.simulation.shop import changes, monday_morning
from app.store import location
from app.store.dynamodb import tables


def add(commands: Any) -> None:
    """Tell the parser of the command."""
    parser = commands.add_parser(
        "demo",
        help="run a made-up shop: in a server of its own, or beside the one that runs",
        description="Runs a made-up shop with some 220 products. Where no server runs on the data "
        "folder it serves as well; where one does, it only writes to its tables.",
    )
    parser.add_argument(
        "--rate", type=rate, default=5.0, metavar="N", help="changes a second (5); up to 1000"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="equal seeds give equal changes")
    parser.add_argument(
        "--history",
        type=span,
        metavar="SPAN",
        help="give an empty store a past first: 30d, 12h; at most 366d",
    )
    parser.add_argument(
        "--no-serve",
        action="store_true",
        help="only write: a server on another machine or folder reads these tables",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run the shop."""
    if settings.read_only:
        raise CommandError(f"{PREFIX}READ_ONLY is set, and a demo shop writes: unset it")
    end_by_signals()
    zone = ZoneInfo(settings.timezone)
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    try:
        if arguments.history is None:
            told = changes(seed, monday_morning(zone), zone)
        else:
            now = datetime.now(UTC)
            told = _make_past(settings, changes(seed, now - arguments.history, zone), now)
        plan = Plan(told, arguments.rate)
        pace = f"about {arguments.rate:g} changes a second (seed {seed})"
        if arguments.no_serve or location.in_use(settings.data_dir):
            _write_only(settings, plan, pace)
        else:
            print(f"A demo shop runs inside: {pace}.", flush=True)
            serve(settings, demo=plan)
    except (ListenError, OpenAccessRefused, NoPast) as error:
        raise CommandError(str(error)) from None
    return 0


def _make_past(settings: Settings, changes: Iterator[Change], now: datetime) -> Iterator[Change]:
    """Give the store a past up to now; the changes that follow."""
    told, rest = divided(changes, now)

    names = tables.table_names(settings.table_prefix, settings.products_table)
    with location.owned(settings.dynamodb, settings.data_dir, names) as where:
        print("Making a past, which can take a minute ...", flush=True)
        began = time.monotonic()
        try:
            past = make_past(
                where, names, settings.attributes, signer_of(settings), told, history_progress()
            )
        except KeyboardInterrupt:
            print("Half a past lies in the store: begin again with a new data folder.")
            raise
    took = time.monotonic() - began
    print(f"{past.records:,} changes in {took:.0f} s; the table holds {past.products} products.")
    if past.strangers:
        print(f"{past.strangers:,} changes by other programs were audited as well.")
    return rest


def history_progress(
    monotonic: Callable[[], float] = time.monotonic,
) -> Callable[[int, datetime], None]:
    """Return what prints how far the history has come, every two seconds."""

    def say(records: int, moment: datetime) -> None:
        print(f"{records:,} changes, up to {moment:%d %B %Y} …", flush=True)

    return at_most_every(PROGRESS_SECONDS, say, monotonic)


def _write_only(settings: Settings, plan: Plan, pace: str) -> None:
    """Run a shop on tables whose server is another process."""
    names = tables.table_names(settings.table_prefix, settings.products_table)
    with (
        suppress(KeyboardInterrupt),
        location.shared(settings.dynamodb, settings.data_dir, names) as where,
    ):
        at = where.endpoint or "AWS"
        print(f"Another process serves; a demo shop writes to {names.products} at {at}: {pace}.")
        print("Ctrl-C ends it.", flush=True)
        run_beside(where, names, settings.attributes, plan)


def rate(text: str) -> float:
    """A number of changes a second (for argparse, which shows the function's name)."""
    changes = float(text)
    if 0.01 <= changes <= 1000:
        return changes
    raise argparse.ArgumentTypeError("must be from 0.01 to 1000")


def span(text: str) -> timedelta:
    """Hours or days (for argparse, which shows the function's name)."""
    match = re.fullmatch(r"(\d{1,4})([hd])", text)
    hours = int(match[1]) * (24 if match[2] == "d" else 1) if match else 0
    if 1 <= hours <= 366 * 24:
        return timedelta(hours=hours)
    raise argparse.ArgumentTypeError("must be days or hours, such as 30d or 12h; at most 366d")
