"""A new index is filled while changes go on, and takes over in one step."""

import threading
from dataclasses import replace

import pytest

from app.store.feed.cursor import Cursor, wall_ms
from tests.opensearch.kit import LONG, SearchShop
from tests.support.processes.forked import ran
from tests.support.processes.process import with_settings
from tests.support.waiting import until
from worker.sinks.search import index_fill


def test_a_rebuild_loses_no_change_and_fails_no_search(
    shop: SearchShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_fill, "RETIRED", 2.0)
    for number in range(250):
        shop.put_item(f"P{number}", ProductName={"S": "Tea"})
    shop.delete("P7")
    with shop.following():
        first = shop.until_live()
        searched: list[int] = []
        failed: list[str] = []
        done = threading.Event()

        def search() -> None:
            while not done.wait(0.01):
                answer = shop.node.call("GET", f"/{shop.alias}/_count")
                if "count" in answer:
                    searched.append(answer["count"])
                else:
                    failed.append(str(answer))

        searcher = threading.Thread(target=search)
        searcher.start()
        with shop.sink() as sink:
            assert sink.rebuild is not None
            assert f"{shop.alias}-000002" in sink.rebuild()
            assert f"{shop.alias}-000002" in sink.rebuild(), "the same one"
        number = 0
        while shop.live() == first:
            number += 1
            shop.put_item(f"P{number % 250}", Stock={"N": str(number)})
            if number % 10 == 0:
                shop.delete(f"P{number % 250}")
            assert number < 20_000
        until(
            lambda: list(shop.node.call("GET", f"/{shop.alias}*")) == [f"{shop.alias}-000002"], LONG
        )
        done.set()
        searcher.join()
        until(lambda: not shop.control.get("search").health.lag_events, LONG)
        until(lambda: not shop.differences(), LONG)
        assert min(searched) >= 249
        assert failed == []


def test_an_index_that_somebody_deletes_is_filled_again(shop: SearchShop) -> None:
    with shop.following():
        shop.put("P1", 1)
        first = shop.until_live()
        until(lambda: shop.stock("P1") == 1, LONG)
        shop.node.call("DELETE", f"/{first}")
        shop.put("P2", 2)
        until(lambda: shop.live() and shop.stock("P2") == 2, LONG)
        assert shop.stock("P1") == 1
        assert shop.differences() == []


def test_an_old_event_of_a_product_deleted_before_the_rebuild_makes_no_ghost(
    shop: SearchShop,
) -> None:
    with shop.following():
        shop.put("GHOST", 1)
        shop.delete("GHOST")
        shop.put("P1", 1)
        shop.until_live()
        until(lambda: shop.stock("P1") == 1, LONG)
        first = shop.live()
    with shop.sink() as sink:
        assert sink.rebuild is not None
        sink.rebuild()
    with shop.following():
        until(lambda: shop.live() not in {None, first}, LONG)
        assert shop.document("GHOST") is None, "a rebuild leaves deleted products behind"
    events = shop.events("GHOST")
    with shop.sink() as sink:
        assert sink.deliver(events[:1]) == []
    assert shop.document("GHOST")["deleted"]
    assert shop.differences() == []


def test_an_event_from_before_an_index_is_left_to_its_fill(shop: SearchShop) -> None:
    with shop.following():
        shop.put("P1", 1)
        first = shop.until_live()
        until(lambda: shop.stock("P1") == 1, LONG)
    (event,) = (one for one in shop.events("P1") if one.stock_after == 1)
    with shop.sink() as sink:
        assert sink.rebuild is not None
        assert sink.clock is not None
        assert sink.deliver_placed is not None
        sink.rebuild()
        key = "2099-01-01T00:00:00.000#" + "7" * 40
        hour_ago, now = (Cursor(wall_ms() - age, "00000000", 0) for age in (3_600_000, 0))

        def keys() -> list[str | None]:
            found = (shop.node.call("GET", f"/{index}/_doc/P1") for index in (first, filling))
            return [one.get("_source", {}).get("event_key") for one in found]

        filling = f"{shop.alias}-000002"
        assert sink.deliver_placed([(hour_ago, replace(event, event_key=key))]) == []
        assert keys() == [key, None]
        assert sink.deliver_placed([(now, event)]) == []
        assert keys() == [key, event.event_key]
        until(lambda: sink.clock and sink.clock(0) > 1 and shop.live() == filling, LONG)
    with shop.following():
        shop.put("P1", 2)
        until(lambda: shop.stock("P1") == 2, LONG)
    assert shop.differences() == []


def test_other_settings_for_documents_rebuild_the_index(shop: SearchShop) -> None:
    shop.put_item("P1", cost={"S": "secret"})
    with shop.following():
        first = shop.until_live()
        assert shop.document("P1")["attributes"] == {"cost": "secret"}
    with shop.following(search_attributes=("Stock",)):
        until(lambda: shop.live() not in {None, first}, LONG)
        assert "attributes" not in shop.document("P1")


def test_an_index_of_another_deployment_or_program_is_left_alone(shop: SearchShop) -> None:
    shop.node.call("PUT", f"/{shop.alias}", {})
    with shop.following():
        until(lambda: "was not made by Stockpulse" in shop.trouble(), LONG)
        assert "STOCKPULSE_SEARCH_INDEX" in shop.trouble()
        shop.node.call("DELETE", f"/{shop.alias}")
        index = shop.until_live()
        until(lambda: shop.trouble() == "", LONG)
    meta = shop.node.call("GET", f"/{index}/_mapping")[index]["mappings"]["_meta"]
    meta["stockpulse"]["owner"] = "Products 0123"
    shop.node.call("PUT", f"/{index}/_mapping", {"_meta": meta})
    with shop.following():
        shop.put("P1", 1)
        until(lambda: "belongs to another deployment (Products 0123)" in shop.trouble(), LONG)
        assert shop.document("P1") is None


def test_the_commands_test_check_and_rebuild_the_index(shop: SearchShop) -> None:
    shop.put("P1", 1)
    environment = with_settings(
        {
            "STOCKPULSE_DYNAMODB": shop.settings.dynamodb,
            "STOCKPULSE_TABLE_PREFIX": shop.settings.table_prefix,
            "STOCKPULSE_DATA_DIR": str(shop.settings.data_dir),
            "STOCKPULSE_SEARCH_URL": shop.url,
            "STOCKPULSE_SEARCH_INDEX": shop.alias,
        }
    )

    def sinks(*arguments: str) -> tuple[int, str, str]:
        return ran("sinks", *arguments, environment=environment)

    with shop.following():
        index = shop.until_live()
        status, out, err = sinks("test", "search")
        assert status == 0, err
        assert "stored and deleted a document" in out
        assert sinks("check", "search")[0] == 0
        shop.node.call("DELETE", f"/{index}/_doc/P1")
        status, out, _ = sinks("check", "search")
        assert (status, out.splitlines()[0]) == (1, "P1: is not in the index")
        status, out, err = sinks("rebuild", "search")
        assert status == 0, err
        until(lambda: shop.live() == f"{shop.alias}-000002", LONG)
        assert sinks("check", "search")[0] == 0
    status, _, err = sinks("rebuild", "alerts")
    assert status == 1
    assert "alerts" in err
