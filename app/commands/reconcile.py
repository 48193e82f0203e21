"""`stockpulse reconcile` exits with 0 where the audit's last word is what the table holds, else 1.

A live worker does it: only who reads the stream knows that nothing is on its way.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.commands.common import CommandError
from app.config.settings import Settings
from app.runtime.stall import observe
from app.store import location
from app.store.coordination.reconcile_requests import ReconcileRequests, State
from app.store.deployment import CONSUMER
from app.store.dynamodb import tables
from app.store.dynamodb.client import connect
from app.store.engine import find_running

POLL = 1.0  # seconds
TAKEN = 30.0  # seconds in which a live worker shows that it is at it
NO_WORKER = (
    "no live worker took it on. Start one with `stockpulse serve` (or, with "
    "STOCKPULSE_BROKER_URL, `stockpulse worker`)"
)


def add(commands: Any) -> None:
    """Tell the parser of the command."""
    parser = commands.add_parser(
        "reconcile",
        help="have the worker compare the table with the audit, and mend the audit",
        description="Asks the running worker to compare every product with the audit's last word "
        "about it. What differs is looked at again a minute later, and what is still so gets an "
        "entry of kind `reconciled`. Exit status 0: audit and table agree; 1: they do not, or "
        "nobody did it.",
    )
    parser.add_argument(
        "--timeout", type=float, default=3600.0, metavar="SECONDS", help="how long to wait (3600)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Ask, wait for the answer with progress on stderr, and say what it came to."""
    if settings.dynamodb == "embedded" and find_running(settings.data_dir) is None:
        raise CommandError(NO_WORKER)
    names = tables.table_names(settings.table_prefix, settings.products_table)
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        requests = ReconcileRequests(connect(where.endpoint).tables, names.checkpoints, CONSUMER)
        number = requests.ask("asked for by `stockpulse reconcile`", datetime.now(UTC))
        state = answered(requests.state, number, arguments.timeout)
    outcome = state.outcome
    print(
        f"{outcome.compared} products compared: {outcome.found} differed at the first look, "
        f"{outcome.written} entries written, {outcome.left} left."
    )
    if outcome.error is not None:
        raise CommandError(outcome.error)
    if outcome.left:
        raise CommandError(
            "some products are still changing, or were reconciled less than 10 minutes ago: the "
            "worker compares them again by itself"
        )
    return 0


def answered(
    look: Callable[[], State],
    number: int,
    timeout: float,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> State:
    """The row once it answers request `number`.

    Raises:
        CommandError: nobody is at it, or it takes longer than the timeout.

    """
    asked = monotonic()
    seen, told = None, ""
    while (state := look()).done < number:
        now = monotonic()
        seen = observe(seen, state.heartbeat, now)
        if seen.still_for(now) > TAKEN:
            raise CommandError(f"{NO_WORKER}; it will then be done")
        if now - asked > timeout:
            raise CommandError(f"not done within {timeout:.0f} s ({state.progress}); it goes on")
        if state.busy and state.progress != told:
            told = state.progress
            print(f"{told} …", file=sys.stderr)
        sleep(POLL)
    return state
