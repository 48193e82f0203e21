"""The Live page shows the newest changes, filtered by its address, also without a store."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from app.broker.in_process import InProcessBroker
from app.store.audit.chain import origin, successor
from tests.support.access import about
from tests.support.builders import LABEL, a_cursor, an_event
from tests.unit.broker.kit import MemoryFeed
from tests.unit.web.pages.served.kit import Down, a_broker, a_store, client


def test_empty_live_page_shows_the_first_steps() -> None:
    page = client().get("/").text
    assert "No changes yet" in page
    assert "/products/new" in page
    assert "aws dynamodb update-item &lt;here&gt;" in page


def rows_of(page: str) -> list[str]:
    """The ids of the changes that the page shows."""
    return re.findall(r'<li class="row" data-id="([^"]+)"', page)


def test_live_page_shows_newest_changes_first_with_their_cursor() -> None:
    events = [an_event(number) for number in range(3)]
    page = client(broker=a_broker(*events)).get("/").text
    assert rows_of(page) == [event.id for event in reversed(events)]
    assert f'data-cursor="{a_cursor(2)}"' in page


def test_live_page_shows_the_newest_100_changes_and_counts_up_to_200() -> None:
    events = [an_event(number, occurred_at=datetime.now(UTC)) for number in range(201)]
    for count, period in ((200, "Changes in 1 h"), (201, "Changes since ")):
        page = client(broker=a_broker(*events[:count])).get("/").text
        assert rows_of(page)[0] == events[count - 1].id
        assert len(rows_of(page)) == 100
        assert f'<dt data-part="period">{period}' in page
        assert '<span data-tile="changes">200</span>' in page


def test_live_page_filters_its_rows_by_its_address() -> None:
    events = [
        an_event(1, reason="damaged"),
        an_event(2, product_id="P2", actor="bob"),
        an_event(3, kind="deleted"),
        an_event(4, stock_after=11),
    ]
    site = client(broker=a_broker(*events))

    def numbers(query: str) -> list[int]:
        shown = rows_of(site.get(f"/?{query}").text)
        return [n for n, event in enumerate(events, 1) if event.id in shown]

    assert numbers("kind=&reason=&product_id=&category=&actor=&min_delta=") == [1, 2, 3, 4]
    assert numbers("reason=damaged") == [1]
    assert numbers("kind=deleted&kind=expired") == [3]
    assert numbers("product_id=P2&actor=bob") == [2]
    assert numbers("category=Kitchen&min_delta=2") == [1, 2]
    assert numbers("kind=nothing&reason=nothing&min_delta=x") == [1, 2, 3, 4]


def test_filter_that_nothing_passes_says_so_and_leads_on_with_the_same_filter() -> None:
    page = client(broker=a_broker(an_event(1))).get("/?actor=a+%22b%22&min_delta=5").text
    assert '<p id="none" class="empty">' in page
    assert 'id="empty" class="empty" hidden' in page
    assert 'href="/audit?q=actor%3A%22a+%5C%22b%5C%22%22+delta%3A%3E%3D5"' in page
    assert 'name="actor" list="actors"' in page
    assert 'value="a &#34;b&#34;"' in page


def test_undo_is_offered_to_those_who_may_undo() -> None:
    broker = a_broker(an_event(1), an_event(2, kind="expired"))
    page = client(broker=broker).get("/").text
    assert '<form id="undo" method="post" action="/undo">' in page
    assert f'value="{an_event(1).id}">Undo' in page
    assert f'value="{an_event(2).id}" hidden>Undo' in page
    assert "Undo</button>" not in client(settings={"read_only": True}, broker=broker).get("/").text


def test_baselines_are_not_shown_as_changes() -> None:
    key = successor(origin(LABEL), "r")
    baselines = [an_event(product_id=f"B{n}", event_key=key) for n in range(300)]
    page = client(broker=a_broker(an_event(1_000), *baselines)).get("/").text
    assert rows_of(page) == [an_event(1_000).id]


def test_change_that_arrived_twice_is_shown_once() -> None:
    broker = InProcessBroker(MemoryFeed(), "Products", version="1", overlap_ms=10_000)
    broker.publish([(a_cursor(1), an_event(1)), (a_cursor(2), an_event(2))])
    broker.publish([(a_cursor(3), an_event(1))])
    page = client(broker=broker).get("/").text
    assert rows_of(page) == [an_event(1).id, an_event(2).id]


def test_row_escapes_markup_in_data() -> None:
    page = client(broker=a_broker(an_event(1, product_name="<img src=x>"))).get("/").text
    assert "<img" not in page
    assert "&lt;img src=x&gt;" in page


def test_live_page_shows_known_changes_and_a_notice_while_the_store_is_unavailable() -> None:
    broker = a_broker(an_event(1), trouble="the engine does not answer")
    answer = client(broker=broker).get("/")
    assert answer.status_code == 200
    assert rows_of(answer.text) == [an_event(1).id]
    assert "Nothing new arrives at the moment" in answer.text
    available = client(broker=a_broker(an_event(1))).get("/").text
    assert "Nothing new arrives at the moment" not in available


def test_empty_live_page_says_when_no_product_has_stock() -> None:
    def page(*, no_stock: bool) -> str:
        products = SimpleNamespace(carry_no_stock=lambda: no_stock)
        return client(store=a_store(products)).get("/").text

    assert "STOCKPULSE_STOCK_ATTRIBUTE" in page(no_stock=True)
    assert "STOCKPULSE_STOCK_ATTRIBUTE" not in page(no_stock=False)


@pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"])
def test_live_page_names_a_partial_view_type(view: str) -> None:
    page = client(about=about(view_type=view)).get("/").text
    assert f"<code>{view}</code>" in page
    assert "data-partial" in page


def test_row_of_a_reversal_links_to_the_event_that_it_takes_back() -> None:
    broker = a_broker(an_event(1), an_event(2, reverses="e0"))
    page = client(broker=broker, settings={"base_path": "/shop"}).get("/").text
    assert page.count("takes back a change") == 1
    assert 'href="/shop/audit/e0"' in page


def test_live_page_counts_the_loaded_changes_while_the_read_model_cannot_be_read() -> None:
    state = SimpleNamespace(events=SimpleNamespace(filled=True))
    model = SimpleNamespace(state=state, figures=Down().figures, events=Down().events)
    events = [an_event(number, occurred_at=datetime.now(UTC)) for number in range(3)]
    page = client(broker=a_broker(*events), read_model=model).get("/").text
    assert '<span data-tile="changes">3</span>' in page
    assert '<span data-tile="units">–</span>' in page
