"""The search sink is made from the settings; no request is sent before it first delivers."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

from app.config.settings import Settings
from app.filters.selection import Selection
from app.store.deployment import Deployment
from worker.consumers.sink import Sink
from worker.sinks.owner_mark import owner_of
from worker.sinks.search.current_products import CurrentProducts
from worker.sinks.search.index_check import IndexCheck
from worker.sinks.search.index_fill import IndexFill
from worker.sinks.search.index_mapping import shape
from worker.sinks.search.index_roles import IndexRoles
from worker.sinks.search.index_writer import IndexWriter
from worker.sinks.search.search_document import Rendering
from worker.sinks.search.search_node import SearchNode
from worker.sinks.search.search_sink import Search
from worker.sinks.shaping import Projection


@contextmanager
def search_sink(url: str, settings: Settings, deployment: Deployment) -> Iterator[Sink]:
    """Open the sink of the index at `url` until the block ends."""
    logging.getLogger("opensearch").setLevel(logging.ERROR)  # the consumer reports failures
    names = deployment.names
    selects = None if settings.search_filter is None else Selection(settings.search_filter)
    shown = Projection(settings.search_attributes, names).item
    rendering = Rendering(names, shown, selects)
    own = shape(names, settings.search_attributes, settings.search_filter)
    with closing(SearchNode(url, sign=settings.search_sign == "aws")) as node:
        roles = IndexRoles(node, settings.search_index, own, partial(owner_of, deployment))
        current = CurrentProducts(deployment, rendering)
        writer = IndexWriter(node, current)
        fill = IndexFill(deployment, node, roles, writer, current)
        check = IndexCheck(deployment, node, roles, rendering, current)
        yield Search(node, roles, rendering, current, writer, fill, check).sink()
