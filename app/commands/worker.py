"""`stockpulse worker` reads the stream without a web server, as one of several."""

import argparse
from typing import Any

from app.bootstrap.worker import work
from app.commands.common import CommandError
from app.config.settings import PREFIX, Settings
from app.store.engine import find_running


def add(commands: Any) -> None:
    """Tell the parser of the command."""
    parser = commands.add_parser(
        "worker",
        help="read the stream without a web server; several share the work",
        description="Reads the products table's stream, keeps the audit, and tells the web "
        f"processes through {PREFIX}BROKER_URL. Several share the stream's shards; one that dies "
        "is replaced by the others within seconds.",
    )
    parser.set_defaults(run=run)


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Read until a signal."""
    if settings.broker_url is None:
        raise CommandError(
            f"{PREFIX}BROKER_URL is unset, so nobody would see what this worker reads: set it to a "
            "Redis or Valkey, for `stockpulse serve` as well; or run `stockpulse serve` alone, "
            "which has a worker inside"
        )
    if settings.audit_keys is None:
        raise CommandError(
            f"{PREFIX}AUDIT_KEYS must be set, and be the same for every worker and web process: "
            f"for example {PREFIX}AUDIT_KEYS=k1:$(openssl rand -base64 32)"
        )
    if settings.dynamodb == "embedded" and find_running(settings.data_dir) is None:
        raise CommandError(
            f"no engine runs on {settings.data_dir}: start `stockpulse serve` there first, or set "
            f"{PREFIX}DYNAMODB"
        )
    work(settings)
    return 0
