"""A demo shop on tables whose server is another process: it only writes."""

from threading import Event

from app.demo.live import Plan
from app.item import AttributeNames
from app.store.client import connect
from app.store.place import Place
from app.store.products import ProductRepository
from app.store.tables import TableNames, ensure_tables, stream_of


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
