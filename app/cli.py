"""The command line: a command reads the settings, does one thing, and says an error in one line."""

import argparse
import sys
import textwrap
from collections.abc import Callable, Sequence

from app import logs
from app.settings import PREFIX, Settings, SettingsError, load
from app.store import place, shell, tables
from app.store.client import connect
from app.store.engine import EngineError, find_running
from app.store.errors import StoreUnavailable
from app.store.tables import TableError

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
    names = tables.table_names(settings.table_prefix, settings.products_table)
    print(endpoint or "AWS, as the AWS CLI is set up")
    print(f"{shell.aws(endpoint)} scan --table-name {names.products}")
    print(shell.update_line(endpoint, names.products, settings.attributes))
    return 0


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
    return parser


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
