"""What a read model is of, and the parts that it is made of."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from zoneinfo import ZoneInfo

from app.core.item import Item
from app.core.keys import NotAnID
from app.readmodel.changes import Changes
from app.readmodel.database import Database
from app.readmodel.events.event_fill import EventFill
from app.readmodel.events.event_lists import EventLists
from app.readmodel.fill import Fill, expected_items
from app.readmodel.follower import Follower
from app.readmodel.own_writes import OwnWrites
from app.readmodel.past.past_lists import PastLists
from app.readmodel.products.product_lists import ProductLists
from app.readmodel.read_model import ReadModel
from app.readmodel.trends.rankings import Rankings
from app.store.audit.audit_repository import AuditRepository
from app.store.deployment import Deployment
from app.store.dynamodb.batches import get_all
from app.store.feed.feed import Feed
from app.store.timeline.tail import Tail

FILE = "read-model.sqlite"


@contextmanager
def open_read_model(
    folder: Path,
    deployment: Deployment,
    feed: Feed,
    audit: AuditRepository,
    tail: Tail,
    zone: ZoneInfo,
) -> Iterator[ReadModel]:
    """The read model in this data folder, kept up to date until the block ends.

    `zone` is the shop's time zone, which defines the days of its trends.
    """
    client, names, table = deployment.clients.tables, deployment.names, deployment.tables.products
    own_writes = OwnWrites(names)

    def read_items(product_ids: Sequence[str]) -> Mapping[str, Item]:
        keys = []
        for product_id in product_ids:
            with suppress(NotAnID):  # of a table that had another key
                keys.append(names.key.key_of(product_id))
        return {names.key.id_of(item): item for item in get_all(client, table, keys)}

    def expected_events() -> int | None:
        return expected_items(client, deployment.tables.audit)

    with Database(folder / FILE, identity_of(deployment, zone)) as database:
        changes = Changes(database, names, own_writes, read_items, zone)
        fill = Fill(client, table, names, database)
        event_fill = EventFill(feed, audit, expected_events, database, changes.fill)
        with Follower(
            database, tail, changes, own_writes, (fill, event_fill), deployment.signer.retention
        ) as follower:
            yield ReadModel(
                database,
                ProductLists(database, names),
                PastLists(database, names),
                Rankings(names, zone),
                EventLists(database),
                changes,
                own_writes,
                follower,
                fill,
                event_fill,
            )


def identity_of(deployment: Deployment, zone: ZoneInfo) -> str:
    """What the copy is of: these tables, as they were created, with these attributes and days."""
    tables = (deployment.tables.products, deployment.tables.feed)
    made = [
        (table["TableArn"], str(table.get("TableId")), table["CreationDateTime"].isoformat())
        for table in (
            deployment.clients.tables.describe_table(TableName=name)["Table"] for name in tables
        )
    ]
    return f"{made} {deployment.names} {zone.key}"
