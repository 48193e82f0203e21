"""`stockpulse sinks conform` tries a sink that you wrote; it needs no tables and no settings."""

import argparse
import os
import re
import sys
import uuid
from typing import Any

from app.commands.common import CommandError
from app.config.settings import Settings
from app.observability.logs import escaped
from worker.sinks.conformance.child import Broken
from worker.sinks.conformance.trials import Conformance

_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def add(actions: Any) -> None:
    """Add the action to the parser."""
    conform = actions.add_parser(
        "conform",
        help="try a sink that you wrote",
        description="Delivers made-up events to the sink as a worker may: duplicates, replays, "
        "products in another order, and calls in which the process is killed. Their product ids "
        "begin with `conform-`. Use a test receiver: the events remain there. Exits with status 1 "
        "if the sink fails a trial.",
    )
    conform.add_argument(
        "reference",
        type=_reference,
        metavar="MODULE:FUNCTION",
        help="the function that delivers, or a Sink, as in an entry point",
    )
    conform.add_argument(
        "--holds",
        type=_reference,
        metavar="MODULE:FUNCTION",
        help="a function without arguments that says what the receiver holds: a dict of the newest "
        "event key by product id, or a list of event ids (a set, if duplicates are allowed)",
    )
    conform.set_defaults(run=_conform, signs=False)


def _reference(text: str) -> str:
    if _REFERENCE.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError("must be a module and a function, such as my_package:deliver")


def _conform(arguments: argparse.Namespace, _settings: Settings) -> int:
    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds strings
        sys.path.insert(0, os.getcwd())  # noqa: PTH109 - a module in this folder, as `python -m`
    tried = Conformance(arguments.reference, arguments.holds, f"conform-{uuid.uuid4().hex[:8]}")
    failed = 0
    try:
        for trial in tried.trials():
            failed += bool(trial.faults)
            verdict = "FAILED" if trial.faults else "ok"
            print(f"{verdict:<7} {trial.name:<11} {trial.done}", flush=True)
            for fault in trial.faults:
                print(f"        {escaped(fault)}", flush=True)
    except Broken as error:
        raise CommandError(
            f"{arguments.reference} cannot be tried: {escaped(str(error))}"
        ) from None
    if tried.rejected:
        reason = escaped(next(iter(tried.rejected.values())))
        print(f"{len(tried.rejected)} events were rejected, for example: {reason}")
    if arguments.holds is None:
        print("What the receiver holds was not compared: name a function with --holds.")
    return 1 if failed else 0
