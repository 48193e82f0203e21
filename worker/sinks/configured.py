"""The settings select the sinks; a sink is closed only after its consumer has ended."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

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
            sink = hook.sink(settings.webhook_parallelization_factor)
            if settings.webhook_filter is not None:
                pattern = parse_filter(settings.webhook_filter)
                sink = replace(sink, wants=wants(pattern, table, key))
            sinks.append(sink)
        yield sinks
