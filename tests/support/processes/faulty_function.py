"""The Lambda function that the event source tests deploy: the real host, and faults on request.

It is packed into the test's zip with `fault_points.py`, alongside the real modules. It keeps a
journal of invocations. A file makes it die, once, when an invocation passes a fault point for the
second time: in the middle of the batch.

MiniStack 1.5.33 honours `ReportBatchItemFailures` for queues and Kinesis but not for DynamoDB
streams: it continues after the batch, whatever the answer says. So a partial answer is turned into
an error here. MiniStack then sends the whole batch again, as AWS does from the named record on.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from fault_points import set_points  # type: ignore[import-not-found]

from app.config.settings import load
from worker.aws_lambda.handler import Context, dispatch
from worker.aws_lambda.invocation import LambdaHost
from worker.aws_lambda.setup import start

POISON = "poison"  # DynamoDB delivers no invalid record: this product's lose their time
JOURNAL = Path(os.environ.get("TEST_JOURNAL", "/dev/null"))
CRASH = Path(os.environ.get("TEST_CRASH", "/dev/null/none"))  # holds the point to die at

_reached_so_far: list[str] = []  # in this invocation


class PartlyFailed(Exception):
    """The answer names a record."""


def handler(event: Any, context: Context) -> Any:
    """The entry point that MiniStack calls."""
    _reached_so_far.clear()
    for record in event.get("Records", []):
        if record["dynamodb"]["Keys"]["ProductID"]["S"] == POISON:
            del record["dynamodb"]["ApproximateCreationDateTime"]
    answered = dispatch(_host(), event, context.get_remaining_time_in_millis() / 1000)
    _note(invocation=[_number(record) for record in event.get("Records", [])], answer=answered)
    if answered.get("batchItemFailures"):
        raise PartlyFailed(json.dumps(answered))
    return answered


@cache
def _host() -> LambdaHost:
    set_points(_reached)
    return start(load())


def _reached(point: str) -> None:
    _reached_so_far.append(point)
    if _reached_so_far.count(point) == 2 and CRASH.exists() and CRASH.read_text() == point:
        CRASH.unlink()
        os._exit(1)


def _number(record: Any) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _note(**what: Any) -> None:
    with JOURNAL.open("a") as journal:
        journal.write(json.dumps(what) + "\n")
