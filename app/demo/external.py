"""A demo shop beside a server in another process only writes to the tables."""

from collections.abc import Mapping
from threading import Event

from app.core.item import AttributeNames
from app.core.stamps import Stamps
from app.demo.fitting import check_fits
from app.demo.live import Plan
from app.store.coordination.audit_key_ids import AuditKeyIDs
from app.store.deployment import CONSUMER
from app.store.dynamodb.table_names import TableNames
from app.store.dynamodb.tables import ensure_tables, stream_of
from app.store.location import Place
from app.store.products.product_repository import ProductRepository


def run_beside(
    where: Place, tables: TableNames, names: AttributeNames, keys: Mapping[str, bytes], plan: Plan
) -> None:
    """Make the plan's changes until the program is interrupted; `keys` sign their stamps.

    Raises:
        AuditKeysDiffer: the worker that reads the changes lacks the key that signs them.

    """
    client = where.connect().tables
    names = ensure_tables(client, tables, names)
    check_fits(names)
    stamps = Stamps(tables.products, names, keys)
    AuditKeyIDs(client, tables.checkpoints, CONSUMER).register_writer(keys, stamps.scope)
    products = ProductRepository(
        client,
        stamps,
        marks_deletes=stream_of(client, tables.products).view_type == "NEW_AND_OLD_IMAGES",
        was_known=lambda _: False,  # the shop treats deleted and unknown products alike
    )
    plan.run(products, Event())
