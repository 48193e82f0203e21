"""`stockpulse engine` prints the DynamoDB endpoint and commands for the AWS CLI."""

import argparse
from typing import Any

from app.commands.common import CommandError
from app.config.settings import Settings
from app.store.dynamodb import cli_lines
from app.store.dynamodb.aws_session import Session, embedded_session, session_for
from app.store.dynamodb.client import connect
from app.store.dynamodb.products_table import with_key
from app.store.engine import find_running


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "engine",
        help="print the DynamoDB endpoint and commands for the AWS CLI",
        description="Prints the DynamoDB endpoint, and two AWS CLI commands to paste: one reads "
        "the products table, one changes a product.",
    )
    parser.set_defaults(run=run, signs=False)


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Print the endpoint and two commands to paste."""
    endpoint: str | None = settings.dynamodb
    session: Session | None = None
    if endpoint == "aws":
        endpoint = None
    elif endpoint == "embedded":
        running = find_running(settings.data_dir)
        if running is None:
            raise CommandError(
                "no engine is running on this data folder: start one with `stockpulse serve`"
            )
        endpoint, session = running.url, embedded_session()
    else:
        session = session_for(endpoint)
    url, endpoint = endpoint, settings.cli_endpoint or endpoint
    names = settings.table_names
    print(endpoint or "AWS, with the region and credentials of the AWS CLI")
    print(f"{cli_lines.aws(endpoint, session)} scan --table-name {names.products}")
    client = connect(url, session=session).tables
    attributes = with_key(client, names, settings.attributes)
    print(cli_lines.update_line(endpoint, session, names.products, attributes))
    return 0
