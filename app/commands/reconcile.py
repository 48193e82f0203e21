"""`stockpulse reconcile` exits with 0 if the audit's latest images match the table, else with 1.

A running worker does the work, because only a stream reader knows that no record is pending.
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
from app.store.engine import find_running

POLL = 1.0  # seconds
TAKEN = 30.0  # seconds within which a running worker shows progress
NO_WORKER = (
    "no running worker picked up the request. Start one with `stockpulse serve` (or, with "
    "STOCKPULSE_BROKER_URL, `stockpulse worker`)"
)


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "reconcile",
        help="compare the products table with the audit, and repair the audit",
        description="Asks a running worker to compare every product in the table with its latest "
        "audit entry. A product that differs is checked again after a minute; if it still differs, "
        "the worker writes an audit entry of kind `reconciled`. Exit status: 0 if the audit and "
        "the table agree, 1 if they do not or if no worker answers.",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=3600.0,
        metavar="SECONDS",
        help="how long to wait for the worker (default: 3600)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Send the request, wait for the worker with progress on stderr, and print the outcome."""
    if settings.dynamodb == "embedded" and find_running(settings.data_dir) is None:
        raise CommandError(NO_WORKER)
    names = settings.table_names
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        requests = ReconcileRequests(where.connect().tables, names.checkpoints, CONSUMER)
        number = requests.ask("requested by `stockpulse reconcile`", datetime.now(UTC))
        state = wait_until_done(requests.state, number, arguments.timeout)
    outcome = state.outcome
    print(
        f"Products compared: {outcome.compared}; different at first: {outcome.found}; entries "
        f"written: {outcome.written}; still different: {outcome.left}."
    )
    if outcome.error is not None:
        raise CommandError(outcome.error)
    if outcome.left:
        raise CommandError(
            "some products are still changing, or were reconciled less than 10 minutes ago. The "
            "worker compares them again automatically"
        )
    return 0


def wait_until_done(
    read_state: Callable[[], State],
    number: int,
    timeout: float,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> State:
    """The state once request `number` is done.

    Raises:
        CommandError: no worker shows progress, or it takes longer than `timeout` seconds.

    """
    asked = monotonic()
    seen, printed = None, ""
    while (state := read_state()).done < number:
        now = monotonic()
        seen = observe(seen, state.heartbeat, now)
        if seen.still_for(now) > TAKEN:
            raise CommandError(f"{NO_WORKER}; it then handles the request")
        if now - asked > timeout:
            raise CommandError(
                f"not finished within {timeout:.0f} s ({state.progress}); the worker continues"
            )
        if state.busy and state.progress != printed:
            printed = state.progress
            print(f"{printed} …", file=sys.stderr)
        sleep(POLL)
    return state
