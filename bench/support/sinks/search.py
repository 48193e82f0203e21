"""A real OpenSearch node; the bare loop sends bulk requests of the client, as its guide shows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import orjson
from opensearchpy import OpenSearch as Client

from app.config.settings import Settings
from app.core.events import ChangeEvent
from app.core.item import plain_item
from bench.support.sinks.trial import Trial
from tests.support.outside.opensearch import OpenSearch
from worker.sinks.search.index_mapping import index_body
from worker.sinks.search.search_sink import BATCH, NAME

_KNOWN = ("ProductID", "ProductName", "Stock", "Category")


@contextmanager
def search(folder: Path) -> Iterator[Trial]:
    """An index for the sink, and one for the bare loop."""
    with OpenSearch(folder) as node, Client(node.url, timeout=60) as client:
        environment = {"STOCKPULSE_SEARCH_URL": node.url}
        complete = partial(is_filled, node.url)
        yield Trial(NAME, environment, bare_loop(client, "bare"), BATCH, complete=complete)


def is_filled(url: str) -> bool:
    """Whether the sink's index is complete, so that its alias exists."""
    with Client(url, timeout=60) as client:
        return bool(client.indices.exists_alias(name=Settings.model_fields["search_index"].default))


def bare_loop(client: Client, index: str) -> Callable[[Sequence[ChangeEvent]], None]:
    """Make an index with the sink's mapping; the function writes one batch to it."""
    client.indices.create(index=index, body=index_body({}, {}))

    def write(events: Sequence[ChangeEvent]) -> None:
        lines = []
        for event in events:
            document = {
                "product_id": event.product_id,
                "deleted": event.product_after is None,
                "name": event.product_name,
                "category": event.category,
                "stock": event.stock_after,
                "event_key": event.event_key,
                "attributes": plain_item(event.after or {}, _KNOWN),
            }
            lines.append(orjson.dumps({"index": {"_index": index, "_id": event.product_id}}))
            lines.append(orjson.dumps(document, default=float))
        answer = client.bulk(body=b"\n".join(lines) + b"\n")
        if answer["errors"]:
            raise RuntimeError(str(answer)[:500])

    return write
