"""A worker keeps the replica equal to the table, whatever happens to the database meanwhile."""

from typing import Any

from pydantic import SecretStr

from app.config.settings import Settings
from tests.integration.consumers.kit import Shop
from tests.integration.replica.kit import Replicated, checked
from tests.support.outside.postgres_server import PostgresServer
from tests.support.waiting import until

SCAN, EVENTS = "SELECT scan FROM stockpulse_replica", "SELECT count(*) FROM stockpulse_events"


def switched_on(replicated: Replicated) -> dict[str, Any]:
    """The settings that switch the sink on."""
    return {"replica_url": SecretStr(replicated.url)}


def delete(shop: Shop, product_id: str) -> None:
    """Delete a product as another program does."""
    key = {"ProductID": {"S": product_id}}
    shop.client.delete_item(TableName=shop.names.products, Key=key)
    shop.wake.hint()


def test_replica_is_filled_followed_checked_and_built_again(replicated: Replicated) -> None:
    shop = replicated.shop
    shop.put("old", 1)
    shop.put("touched", 1)
    expected = [("new", 3), ("old", 1), ("touched", 2)]
    with shop.worker(**switched_on(replicated)):
        until(lambda: shop.row("replica").cursor is not None)
        shop.put("new", 5, 4, 3)
        shop.put("touched", 2)
        shop.put("gone", 7)
        delete(shop, "gone")
        until(lambda: is_complete(replicated, expected, 6))
        assert checked(replicated.sink()) == []

        replicated.execute("UPDATE stockpulse_products SET stock = 9 WHERE product_id = 'new'")
        replicated.execute("DELETE FROM stockpulse_products WHERE product_id = 'old'")
        replicated.execute("UPDATE stockpulse_products SET product_id = 'x' WHERE stock = 2")
        replicated.execute("UPDATE stockpulse_events SET note = 'no' WHERE stock_after = 4")
        found = checked(replicated.sink())
        assert [one for one in found if "Product" in one] == [
            "Product new: stock is 9 instead of 3.",
            "Product old is missing.",
            "Product touched is missing.",
            "Product x is only in the replica.",
        ]
        (event,) = (one for one in found if "Event" in one)
        assert event.endswith("of product new: note is 'no' instead of empty.")

        for table in ("products", "events", "removed", "replica"):
            replicated.execute(f"DROP TABLE stockpulse_{table}")
        shop.control.rewind("replica", "beginning", "test")
        until(lambda: is_complete(replicated, expected, 8))
        assert checked(replicated.sink()) == []


def is_complete(replicated: Replicated, expected: list[tuple[str, int]], events: int) -> bool:
    """Whether the replica has these products, all of them copied, and so many events or more."""
    tables = "SELECT count(*) FROM {} WHERE {} = 'stockpulse_replica'"
    source = ("sqlite_master", "name") if replicated.is_sqlite else ("pg_class", "relname")
    if replicated.execute(tables.format(*source)) == [(0,)]:
        return False
    return (
        replicated.products() == expected
        and replicated.execute(SCAN) == [("done",)]
        and replicated.execute(EVENTS)[0][0] >= events
    )


def test_restarts_of_the_database_and_refused_values_lose_nothing(settings: Settings) -> None:
    shop = Shop(settings)
    with (
        PostgresServer() as server,
        Replicated(shop, server.url()) as replicated,
        shop.worker(**switched_on(replicated)),
    ):
        until(lambda: shop.row("replica").cursor is not None)
        shop.put("a", 1, 2)
        until(lambda: is_complete(replicated, [("a", 2)], 2))
        server.kill()
        shop.put("a", 3, 4)
        shop.put("b", 1)
        until(lambda: "cannot be used" in shop.row("replica").health.error)
        server.start()
        until(lambda: server_has(replicated, [("a", 4), ("b", 1)]))
        server.restart()
        item = {"ProductID": {"S": "nul"}, "Note": {"S": "a\0b"}}
        shop.client.put_item(TableName=shop.names.products, Item=item)
        shop.put("b", 2)
        until(lambda: server_has(replicated, [("a", 4), ("b", 2)]))
        (letter,) = until(lambda: list(shop.letters.all("replica")))
        assert letter.product_id == "nul"
        assert "refuses it" in letter.error
        assert replicated.execute(EVENTS) == [(6,)]
        assert checked(replicated.sink())[0] == "Product nul is missing."
    shop.close()


def server_has(replicated: Replicated, expected: list[tuple[str, int]]) -> bool:
    """Whether the replica has these products, on connections from after a restart."""
    replicated.reconnect()
    return replicated.products() == expected
