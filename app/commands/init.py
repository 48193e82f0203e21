"""`stockpulse init` makes the tables that are missing; a stream only where it is asked for."""

import argparse
from typing import Any

from app.settings import Settings
from app.store import place, tables
from app.store.client import connect


def add(commands: Any) -> None:
    """Tell the parser of the command."""
    parser = commands.add_parser("init", help="make the tables that are missing")
    parser.add_argument(
        "--enable-stream",
        action="store_true",
        help="switch the products table's stream on (both images) where it is off",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Make tables, and switch the stream on if asked."""
    names = tables.table_names(settings.table_prefix, settings.products_table)
    with place.shared(settings.dynamodb, settings.data_dir, names) as where:
        client = connect(where.endpoint).tables
        tables.ensure_tables(client, names, settings.attributes)
        if arguments.enable_stream:
            tables.enable_stream(client, names.products)
        stream = tables.stream_of(client, names.products)
    print(f"All tables are there; {names.products} streams {stream.view_type}.")
    return 0
