"""What the stream of a page passes on to the page's parts, recorded in the page itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from playwright.sync_api import BrowserContext, Page, Route

_KEPT = 5_000  # ids

_RECORDER = """
globalThis.heard = { kept: KEPT, count: 0, events: [], gaps: 0, caughtUp: [], states: [] };
listen({
  onEvents(events) {
    heard.count += events.length;
    if (heard.count <= heard.kept) heard.events.push(...events.map((event) => event.id));
  },
  onGap: () => (heard.gaps += 1),
  onCaughtUp: (report) => heard.caughtUp.push(report),
  onState: (state) => heard.states.push(state),
});
"""


@dataclass(frozen=True)
class Heard:
    """What a page has received since it was rendered: ids of events, gaps, catch-ups and states."""

    events: list[str]
    gaps: int
    caught_up: list[dict[str, int | None]]
    states: list[str]


def record_streams(context: BrowserContext, more: str = "", kept: int = _KEPT) -> None:
    """Record what the stream of each page of the context passes on, and run `more` there.

    Ids are recorded of the first `kept` events; a page whose memory is measured keeps none.
    """
    recorder = _RECORDER.replace("KEPT", str(kept))

    def add_recorder(route: Route) -> None:
        module = route.fetch(max_retries=3)  # a connection that was kept may be closed by now
        route.fulfill(response=module, body=module.text() + recorder + more)

    context.route("**/stream/page_stream.js", add_recorder)


def heard(page: Page) -> Heard:
    """What the page has received so far."""
    found: dict[str, Any] = page.evaluate("globalThis.heard")
    return Heard(found["events"], found["gaps"], found["caughtUp"], found["states"])


def after_rendering(page: Page, http: httpx.Client) -> list[str]:
    """The ids of all events that arrived after the page was rendered, in their order."""
    cursor: str = page.evaluate("document.documentElement.dataset.cursor")
    return list(_ids(http, cursor))


def _ids(http: httpx.Client, cursor: str) -> Iterator[str]:
    link: str | None = f"/v1/events?after={cursor}&limit=200"
    while link:
        answer = http.get(link).raise_for_status()
        yield from (event["id"] for event in answer.json()["items"])
        link = answer.links.get("next", {}).get("url")
