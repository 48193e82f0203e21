"""The command line: a command reads the settings, does one thing, and says an error in one line."""

import argparse
import re
import secrets
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app import logs
from app.settings import PREFIX, Settings, SettingsError, load
from app.store import place, shell, tables
from app.store.client import connect
from app.store.engine import EngineError, find_running
from app.store.errors import StoreUnavailable
from app.store.tables import TableError

if TYPE_CHECKING:
    from app.demo.change import Change
    from app.demo.live import Plan

Command = Callable[[argparse.Namespace, Settings], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    arguments = _parser().parse_args(argv)
    run: Command = arguments.run
    try:
        settings = load()
        logs.configure(settings.log_format)
        return run(arguments, settings)
    except KeyboardInterrupt:
        return 130  # as shells report an interrupted program
    except (SettingsError, EngineError, TableError) as error:
        return _fail(str(error))
    except StoreUnavailable as error:
        where = f" at {settings.dynamodb}" if settings.dynamodb.startswith("http") else ""
        return _fail(f"no usable DynamoDB{where}: {error.detail} Check {PREFIX}DYNAMODB.")


def _serve(_: argparse.Namespace, settings: Settings) -> int:
    from app.serve import ListenError, serve

    try:
        serve(settings)
    except ListenError as error:
        return _fail(str(error))
    return 0


def _init(arguments: argparse.Namespace, settings: Settings) -> int:

    names = tables.table_names(settings.table_prefix, settings.products_table)
    with place.shared(settings.dynamodb, settings.data_dir, names) as where:
        client = connect(where.endpoint).tables
        tables.ensure_tables(client, names, settings.attributes)
        if arguments.enable_stream:
            tables.enable_stream(client, names.products)
        stream = tables.stream_of(client, names.products)
    print(f"All tables are there; {names.products} streams {stream.view_type}.")
    return 0


def _engine(_: argparse.Namespace, settings: Settings) -> int:
    endpoint = None if settings.dynamodb == "aws" else settings.dynamodb
    if endpoint == "embedded":
        running = find_running(settings.data_dir)
        if running is None:
            return _fail("no engine runs on this data folder: start it with `stockpulse serve`")
        endpoint = running.url
    endpoint = settings.cli_endpoint or endpoint
    names = tables.table_names(settings.table_prefix, settings.products_table)
    print(endpoint or "AWS, as the AWS CLI is set up")
    print(f"{shell.aws(endpoint)} scan --table-name {names.products}")
    print(shell.update_line(endpoint, names.products, settings.attributes))
    return 0


def _demo(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.demo.errors import NoPast
    from app.demo.live import Plan
    from app.demo.shop import changes, monday_morning
    from app.serve import ListenError, end_by_signals, serve

    if settings.read_only:
        return _fail(f"{PREFIX}READ_ONLY is set, and a demo shop writes: unset it")
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
        if arguments.no_serve or place.in_use(settings.data_dir):
            _write_only(settings, plan, pace)
        else:
            print(f"A demo shop runs inside: {pace}.", flush=True)
            serve(settings, demo=plan)
    except (ListenError, NoPast) as error:
        return _fail(str(error))
    return 0


def _make_past(
    settings: Settings, changes: "Iterator[Change]", now: datetime
) -> "Iterator[Change]":
    """Give the store a past up to now; the changes that follow."""
    from app.demo.past import divided, make_past
    from app.serve import signer_of

    told, rest = divided(changes, now)

    names = tables.table_names(settings.table_prefix, settings.products_table)
    with place.owned(settings.dynamodb, settings.data_dir, names) as where:
        print("Making a past, which can take a minute ...", flush=True)
        began = time.monotonic()
        try:
            past = make_past(where, names, settings.attributes, signer_of(settings), told)
        except KeyboardInterrupt:
            print("Half a past lies in the store: begin again with a new data folder.")
            raise
    took = time.monotonic() - began
    print(f"{past.records:,} changes in {took:.0f} s; the table holds {past.products} products.")
    if past.strangers:
        print(f"{past.strangers:,} changes by other programs were audited as well.")
    return rest


def _write_only(settings: Settings, plan: "Plan", pace: str) -> None:
    """Run a shop on tables whose server is another process."""
    from app.demo.beside import run_beside

    names = tables.table_names(settings.table_prefix, settings.products_table)
    with (
        suppress(KeyboardInterrupt),
        place.shared(settings.dynamodb, settings.data_dir, names) as where,
    ):
        at = where.endpoint or "AWS"
        print(f"Another process serves; a demo shop writes to {names.products} at {at}: {pace}.")
        print("Ctrl-C ends it.", flush=True)
        run_beside(where, names, settings.attributes, plan)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stockpulse", description="A live inventory dashboard on DynamoDB Streams."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="run the web server and the worker",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=settings_help(),
    )
    serve.set_defaults(run=_serve)
    init = commands.add_parser("init", help="make the tables that are missing")
    init.add_argument(
        "--enable-stream",
        action="store_true",
        help="switch the products table's stream on (both images) where it is off",
    )
    init.set_defaults(run=_init)
    engine = commands.add_parser("engine", help="print the endpoint and lines for the AWS CLI")
    engine.set_defaults(run=_engine)
    demo = commands.add_parser(
        "demo",
        help="run a made-up shop: in a server of its own, or beside the one that runs",
        description="Runs a made-up shop with some 220 products. Where no server runs on the data "
        "folder it serves as well; where one does, it only writes to its tables.",
    )
    demo.add_argument(
        "--rate", type=rate, default=5.0, metavar="N", help="changes a second (5); up to 1000"
    )
    demo.add_argument("--seed", type=int, metavar="N", help="equal seeds give equal changes")
    demo.add_argument(
        "--history",
        type=span,
        metavar="SPAN",
        help="give an empty store a past first: 30d, 12h; at most 366d",
    )
    demo.add_argument(
        "--no-serve",
        action="store_true",
        help="only write: a server on another machine or folder reads these tables",
    )
    demo.set_defaults(run=_demo)
    return parser


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


def settings_help() -> str:
    """Every setting with its default and meaning."""
    lines = ["settings (environment variables, or lines of a file `.env`):"]
    for name, field in Settings.model_fields.items():
        default = "unset" if field.default in {None, "", ()} else field.default
        shown = str(default).lower() if isinstance(default, bool) else default
        lines.append(f"  {PREFIX}{name.upper()} ({shown})")
        lines += textwrap.wrap(
            field.description or "", 88, initial_indent="      ", subsequent_indent="      "
        )
    return "\n".join(lines)


def _fail(message: str) -> int:
    print(f"stockpulse: {message}", file=sys.stderr)
    return 1
