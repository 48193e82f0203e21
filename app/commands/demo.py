"""`stockpulse demo` simulates a shop: in its own server, or alongside a running one."""

import argparse
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.bootstrap.auth import OpenAccessRefused
from app.bootstrap.process import ListenError, end_by_signals
from app.bootstrap.web import serve
from app.commands.common import CommandError, Progress
from app.config.settings import PREFIX, Settings
from app.config.signing import signer_of
from app.demo.external import run_beside
from app.demo.fitting import DemoRefused
from app.demo.history.backfill import split_at, write_history
from app.demo.live import Plan
from app.demo.simulation.change import Change
from app.demo.simulation.shop import changes, monday_morning
from app.store import location


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "demo",
        help="simulate a shop, in its own server or alongside a running one",
        description="Simulates a shop with about 220 products. If no server is running on the "
        "data folder, this command starts one; otherwise it only writes to that server's tables.",
    )
    parser.add_argument(
        "--rate",
        type=rate,
        default=5.0,
        metavar="N",
        help="changes per second, 0.01 to 1000 (default: 5)",
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="seed of the simulation; the same seed repeats it"
    )
    parser.add_argument(
        "--history",
        type=span,
        metavar="SPAN",
        help="first fill an empty store with past changes over this time, such as 30d or 12h "
        "(at most 366d)",
    )
    parser.add_argument(
        "--no-serve",
        action="store_true",
        help="only write changes, for a server on another machine or data folder",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run the shop."""
    if settings.read_only:
        raise CommandError(
            f"the demo shop writes to the products table, but {PREFIX}READ_ONLY is set: unset it"
        )
    end_by_signals()
    zone = ZoneInfo(settings.timezone)
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    try:
        if arguments.history is None:
            future = changes(seed, monday_morning(zone), zone)
        else:
            now = datetime.now(UTC)
            began = now - arguments.history
            future = _write_history(settings, changes(seed, began, zone), began, now)
        plan = Plan(future, arguments.rate)
        pace = f"about {arguments.rate:g} changes per second (seed {seed})"
        if arguments.no_serve or location.in_use(settings.data_dir):
            _write_only(settings, plan, pace)
        else:
            print(f"Starting a server with a demo shop: {pace}.", flush=True)
            serve(settings, demo=plan)
    except (ListenError, OpenAccessRefused, DemoRefused) as error:
        raise CommandError(str(error)) from None
    return 0


def _write_history(
    settings: Settings, changes: Iterator[Change], began: datetime, now: datetime
) -> Iterator[Change]:
    """Fill the store with the changes up to now; returns the changes that follow."""
    history, rest = split_at(changes, now)
    span, names, started = now - began, settings.table_names, time.monotonic()
    with (
        location.owned(settings.dynamodb, settings.data_dir, names) as where,
        Progress() as progress,
    ):

        def show(records: int, moment: datetime) -> None:
            text = f"{records:,} changes, up to {moment:%d %B %Y}"
            progress(lambda: text, (moment - began) / span, 1)

        print("Writing past changes; this can take a minute ...", flush=True)
        try:
            past = write_history(
                where, names, settings.attributes, signer_of(settings), history, span, show
            )
        except KeyboardInterrupt:
            print("The store holds only part of the history: start again with a new data folder.")
            raise
    took = time.monotonic() - started
    print(f"{past.records:,} changes in {took:.0f} s; the table holds {past.products} products.")
    if past.others:
        print(f"{past.others:,} changes by other programs were audited as well.")
    return rest


def _write_only(settings: Settings, plan: Plan, pace: str) -> None:
    """Write the shop's changes to tables that another process serves."""
    names = settings.table_names
    with (
        suppress(KeyboardInterrupt),
        location.shared(settings.dynamodb, settings.data_dir, names) as where,
    ):
        at = where.endpoint or "AWS"
        print(f"Writing the demo shop's changes to {names.products} at {at}: {pace}.")
        print("Press Ctrl-C to stop.", flush=True)
        run_beside(where, names, settings.attributes, signer_of(settings).keys, plan)


def rate(text: str) -> float:
    """A number of changes per second (for argparse, which shows the function's name)."""
    changes = float(text)
    if 0.01 <= changes <= 1000:
        return changes
    raise argparse.ArgumentTypeError("must be a number from 0.01 to 1000")


def span(text: str) -> timedelta:
    """A number of hours or days (for argparse, which shows the function's name)."""
    match = re.fullmatch(r"(\d{1,4})([hd])", text)
    hours = int(match[1]) * (24 if match[2] == "d" else 1) if match else 0
    if 1 <= hours <= 366 * 24:
        return timedelta(hours=hours)
    raise argparse.ArgumentTypeError("must be days or hours, such as 30d or 12h, at most 366d")
