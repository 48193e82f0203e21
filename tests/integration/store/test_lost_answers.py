"""A write whose response is lost is applied once, and does not conflict with itself.

If the responses to all repeats are lost too, the status is 503, and the write may have been applied
once.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.support.http.lossy import lossy
from tests.support.http.sse import Listener
from tests.support.processes.running import serving, settings_for


def test_every_adjustment_with_a_2xx_response_is_applied_exactly_once(
    endpoint: str, tmp_path: Path
) -> None:
    adjustments, products = 150, 5
    with (
        lossy(endpoint, share=0.25) as (url, proxy),
        serving(settings_for(url, tmp_path)) as app,
        Listener(app.url) as feed,
    ):
        for number in range(products):
            app.put_outside(ProductID=f"P{number}", ProductName="n", Stock=1000)

        def adjust(number: int) -> httpx.Response:
            return app.adjust(f"P{number % products}", -1)

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(adjust, range(adjustments)))
        assert proxy.swallowed > adjustments * 0.15
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) <= {200, 503}, statuses  # so no write conflicted with itself
        assert statuses[200] > adjustments * 0.95
        answered = {a.headers["X-Request-Id"] for a in answers if a.status_code == 200}

        left = [app.http.get(f"/v1/products/P{number}").json()["stock"] for number in range(5)]
        applied = products * 1000 - sum(left)
        changes = feed.changes(products + applied, 30)
        events = [message.data["data"] for message in changes[products:]]
        assert [event["delta"] for event in events] == [-1] * applied
        requests = Counter(event["request_id"] for event in events)
        assert set(requests.values()) == {1}
        assert answered <= set(requests)


def test_creates_and_deletes_survive_lost_responses(endpoint: str, tmp_path: Path) -> None:
    with (
        lossy(endpoint, share=0.2, seed=7) as (url, proxy),
        serving(settings_for(url, tmp_path)) as app,
    ):
        for number in range(25):
            body = {"product_id": f"P{number}", "name": "n", "stock": 1}
            made = app.http.post("/v1/products", json=body)
            deleted = app.http.delete(f"/v1/products/P{number}", headers={"If-Match": "*"})
            assert {made.status_code, deleted.status_code} <= {201, 204, 503}, deleted.text
            assert made.status_code == 503 or deleted.status_code in {204, 503}
        assert proxy.swallowed > 5
