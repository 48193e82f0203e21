"""The Lambda function of bench/worker.py: the handler's pipeline without a broker."""

from functools import cache
from typing import Any

from app.config.settings import load
from app.store.deployment import CONSUMER
from app.store.feed.shared_clock import ClockRow, SharedClock
from worker.aws_lambda.handler import Context, dispatch
from worker.aws_lambda.invocation import LambdaHost
from worker.aws_lambda.setup import clients_of, make_host


def handler(event: Any, context: Context) -> Any:
    """The entry point that MiniStack calls."""
    return dispatch(_host(), event, context.get_remaining_time_in_millis() / 1000)


@cache
def _host() -> LambdaHost:
    settings = load()
    clients, names = clients_of(settings), settings.table_names
    clock = SharedClock(ClockRow(clients.tables, names.checkpoints, CONSUMER))
    return make_host(settings, clients, names, lambda _arrived: None, clock)
