"""The System page shows the headline, then the details, even while the store is unavailable."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import httpx
from pydantic import SecretStr

from app.core.events import event_id
from app.store.coordination.sink_row import Health
from app.web.system.state import SystemState
from tests.support.open_site import OpenSite
from tests.unit.web.system.system_states import (
    a_state,
    gap,
    letters,
    live,
    saved,
    sink,
    stored,
    vitals,
    worker,
)


def get(path: str, state: SystemState, **settings: Any) -> httpx.Response:
    async def current(_age: float = 0) -> SystemState:
        return state

    probes = {
        name: partial({"ok": None}.get, text, text)
        for name, text in state.live.vitals.parts.items()
    }
    broker = SimpleNamespace(head="cursor")
    system = SimpleNamespace(current=current)
    return OpenSite(settings, system=system, probes=probes, broker=broker).get(path)


def test_headline_comes_before_the_details() -> None:
    page = get("/system", a_state()).text
    order = [
        "All is well: changes are read without delay. There is nothing to do.",
        "From the write",
        "Connections",
        "Reading of",
        "not delivered",
        "be missing",
        "Screens that",
        "Database</h2>",
        "Versions",
    ]
    places = [page.index(text) for text in order]
    assert places == sorted(places)
    assert "<code>s1</code>" in page
    assert "this process" in page
    assert "1,234" in page
    assert 'aria-current="page">System</a>' in page
    assert "Workers</h2>" not in page


def test_every_value_of_the_live_feed_and_the_store_is_shown() -> None:
    page = get("/system", a_state()).text
    assert "<dt>Changes are passed on</dt><dd>in this process</dd>" in page
    assert "<dd></dd>" not in page


def test_page_times_use_the_configured_zone() -> None:
    page = get("/system", a_state(), timezone="Europe/Berlin").text
    assert "2026-11-21 13:00:00" in page
    assert "(Europe/Berlin)" in page


def test_findings_are_shown_with_their_remedy() -> None:
    page = get("/system", a_state(stored=stored(dead_letters=letters(2), gaps=[gap()]))).text
    assert "Working, but something needs attention." in page
    assert "<code>stockpulse sinks redrive</code>" in page
    assert "notify: 2" in page
    assert "trimmed before it was read" in page


def test_gaps_of_shards_and_products_link_to_their_histories() -> None:
    gaps = [gap(), gap(about="P&1", why="found otherwise")]
    page = get("/system", a_state(stored=stored(gaps=gaps))).text
    assert 'stream <a href="/products/history?id=%00shard%23s1"><bdi>s1</bdi></a>' in page
    assert '/products/history?id=P%261"><bdi>Blue kettle</bdi></a>' in page
    assert page.index("<bdi>s1<") < page.index("Blue kettle") < page.index("found otherwise")


def test_leases_and_workers_are_shown_if_there_are_any() -> None:
    shards = [saved("s9", owner="w1", since="2026-11-21T11:30:00Z")]
    page = get(
        "/system",
        a_state(
            live=live(shards=None),
            stored=stored(shards=shards),
            workers=[worker("w1"), worker("w2", silent=40), worker("w3", heard=False)],
        ),
    ).text
    assert "Workers</h2>" in page
    assert 'title="2026-11-21 11:30:00 UTC"' in page
    states = ('class="well">alive<', "silent for 40 s", "not heard of yet")
    assert [page.count(text) for text in states] == [1, 1, 1]


def test_page_shows_what_is_unknown_while_the_store_is_unavailable() -> None:
    state = a_state(stored=None, read_at=None, trouble="DynamoDB did not answer.")
    page = get("/system", state).text
    assert "Working, but something needs attention." in page
    assert "the tables have not been read yet" in page
    assert page.count("Unknown: the tables have not been read.") == 3


def test_markup_in_errors_is_escaped() -> None:
    page = get("/system", a_state(stored=stored(dead_letters=letters(1, error="<b>x</b>")))).text
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_fragment_has_only_the_state() -> None:
    fragment = get("/system/state", a_state(), base_path="/shop")
    assert fragment.headers["Cache-Control"] == "no-store"
    assert "<html" not in fragment.text
    assert "All is well" in fragment.text
    page = get("/system", a_state(), base_path="/shop").text
    assert 'data-state="/shop/system/state"' in page
    assert fragment.text.strip().splitlines()[-1].strip() in page


def test_readiness_has_parts_and_details() -> None:
    state = a_state(live=live(vitals=vitals(parts={"engine": "down", "worker": "ok"})))
    answer = get("/readyz", state)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    body = answer.json()
    assert (body["status"], body["parts"]) == ("unavailable", {"engine": "down", "worker": "ok"})
    assert body["details"]["summary"] == "Stockpulse is not working."
    ready = get("/readyz", a_state(stored=stored(dead_letters=letters(9))))
    assert (ready.status_code, ready.json()["status"]) == (
        200,
        "ok",
    )  # dead letters do not change the status


def test_unknown_state_is_not_shown_as_good() -> None:
    unknown = a_state(live=live(vitals=vitals(workers=None)))
    for state, kind in ((unknown, "notice "), (a_state(), "notice good")):
        assert f'id="verdict" class="{kind}"' in get("/system", state).text


def test_sink_is_shown_with_its_state_lag_owner_and_error() -> None:
    sinks = [
        sink("archive"),
        sink("erp", owner=None, lag_seconds=600.0, lag_events=12),
        sink("hook", health=Health(error="shop.example answered 503 <b>down</b>")),
        sink("partner", state="paused", why="answered 410 Gone"),
    ]
    page = get("/system", a_state(stored=stored(sinks=sinks))).text
    assert "up to date" in page
    assert "10 min<br>12 changes" in page
    assert "no worker runs it" in page
    assert "503 &lt;b&gt;down" in page
    assert '<span class="error">paused</span><br>answered 410 Gone' in page
    assert "2026-11-21 11:00:00" in page


def test_admin_sees_pause_for_a_running_sink_and_resume_for_a_paused_one() -> None:
    sinks = [sink("archive"), sink("notify", state="paused", why="paused by ada", paused_by="ada")]
    state = a_state(stored=stored(sinks=sinks, dead_letters=letters(2)))
    page = get("/system", state, base_path="/shop").text
    actions = ["pause", "resume", "redrive"]  # only `notify` has dead letters
    assert [page.count(f'action="/shop/system/sinks/{action}"') for action in actions] == [1, 1, 1]
    assert page.count('href="/shop/system/sinks/rewind?name=') == 2


def test_only_a_connection_that_can_be_built_again_offers_that() -> None:
    state = a_state(stored=stored(sinks=[sink("search"), sink("webhook")]))
    link = 'href="/system/sinks/rebuild?name='
    assert link not in get("/system", state).text
    page = get("/system", state, search_url=SecretStr("http://search.example:9200")).text
    assert page.count(link) == page.count(f"{link}search") == 1


def test_records_that_could_not_be_audited_can_be_sent_again() -> None:
    some = letters(1)
    audit = replace(some, by_sink={"audit": 1})
    assert 'id="redrive-audit"' in get("/system", a_state(stored=stored(dead_letters=audit))).text
    assert "redrive" not in get("/system/state", a_state(stored=stored())).text


def test_dead_letter_links_to_its_event() -> None:
    page = get("/system", a_state(stored=stored(dead_letters=letters(1)))).text
    assert f'href="/audit/{event_id("P0", "k")}"' in page
