"""The settings select the sinks; a sink is closed only after its consumer has ended."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from app.config.settings import Settings
from app.core.keys import TEXT_KEY, KeySchema
from app.filters.document import wants
from app.filters.pattern import parse_filter
from worker.consumers.sink import Sink


@contextmanager
def sinks_of(settings: Settings, table: str, key: KeySchema = TEXT_KEY) -> Iterator[list[Sink]]:
    """Open the configured sinks until the block ends; `table` is the products table's name."""
    with ExitStack() as opened:
        sinks: list[Sink] = []
        if settings.webhook_url is not None and settings.webhook_secret is not None:
            # The HTTP client is slow to import, and most starts and Lambda functions do not need
            # it.
            from worker.sinks.webhook import webhook

            hook = opened.enter_context(
                webhook(
                    settings.webhook_url.get_secret_value(),
                    settings.webhook_secret.get_secret_value(),
                    table,
                )
            )
            factor = settings.webhook_parallelization_factor
            if settings.webhook_filter is None:
                sinks.append(hook.sink(factor))
            else:
                pattern = parse_filter(settings.webhook_filter)
                sinks.append(hook.sink(factor, wants(pattern, table, key)))
        yield sinks
