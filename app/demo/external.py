"""A demo shop on tables whose server is another process: it only writes."""

from threading import Event

from app.core.item import AttributeNames
from app.demo.live import Plan
from app.store.dynamodb.client import connect
from app.store.dynamodb.tables import TableNames, ensure_tables, stream_of
from app.store.location import Place
from app.store.products.product_repository import ProductRepository


def run_beside(where: Place, tables: TableNames, names: AttributeNames, plan: Plan) -> None:
    """Make the plan's changes happen until the program is interrupted."""
    client = connect(where.endpoint).tables
    ensure_tables(client, tables, names)
    products = ProductRepository(
        client,
        tables.products,
        names,
        stamps_deletes=stream_of(client, tables.products).view_type == "NEW_AND_OLD_IMAGES",
        was_known=lambda _: False,  # gone or never there: the shop goes on all the same
    )
    plan.run(products, Event())
