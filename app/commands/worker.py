"""`stockpulse worker` reads the stream without a web server, alone or as one of several."""

import argparse
from typing import Any

from app.bootstrap.worker import work
from app.commands.common import CommandError
from app.config.settings import PREFIX, Settings
from app.store.engine import find_running


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "worker",
        help="read the stream without a web server; several workers share the shards",
        description="Reads the products table's stream, writes the audit, and publishes changes "
        f"to the web processes through {PREFIX}BROKER_URL. Several workers share the stream's "
        "shards. If one dies, the others take over its shards within seconds.",
    )
    parser.set_defaults(run=run)


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Read until a signal."""
    if settings.broker_url is None:
        raise CommandError(
            f"{PREFIX}BROKER_URL is not set, so this worker cannot reach the web processes: set it "
            "to a Redis or Valkey, for `stockpulse serve` as well; or run only `stockpulse serve`, "
            "which includes a worker"
        )
    if settings.audit_keys is None:
        raise CommandError(
            f"{PREFIX}AUDIT_KEYS must be set, to the same value for every worker and web process; "
            "create a line for .env with: "
            f'echo "{PREFIX}AUDIT_KEYS=k1:$(openssl rand -base64 32)"'
        )
    if settings.dynamodb == "embedded" and find_running(settings.data_dir) is None:
        raise CommandError(
            f"no engine is running on {settings.data_dir}: start `stockpulse serve` there first, "
            f"or set {PREFIX}DYNAMODB"
        )
    work(settings)
    return 0
