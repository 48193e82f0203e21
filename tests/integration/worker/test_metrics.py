"""Metrics and log lines agree with what Stockpulse did."""

import base64
import json
import os
import secrets
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.http import plain
from tests.support.http.sse import Listener
from tests.support.processes.process import Process
from tests.support.processes.running import App
from tests.support.waiting import until


def scraped(http: httpx.Client) -> dict[str, float]:
    """Sums of every metric's samples, by name."""
    answer = http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert answer.headers["Cache-Control"] == "no-store"
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0) + sample.value
    return sums


def test_three_changes_are_counted_at_every_step(app: App) -> None:
    with Listener(app.url) as feed:
        app.create("P1")
        feed.changes(1)
        before = scraped(app.http)
        for delta in (-1, -2, 3):
            app.adjust("P1", delta)
        feed.changes(4)
        after = settled(app.http)
    steps = ("records", "audited", "published")
    grown = {
        step: after[f"stockpulse_{step}_total"] - before[f"stockpulse_{step}_total"]
        for step in steps
    }
    assert grown == {"records": 3, "audited": 3, "published": 3}
    assert (
        after["stockpulse_get_records_calls_total"] > before["stockpulse_get_records_calls_total"]
    )
    assert after["stockpulse_subscribers"] == 1
    assert after["stockpulse_ring_events"] == 4
    assert after["stockpulse_ring_overruns_total"] == 0
    (shard,) = app.http.get("/readyz").json()["details"]["shards"]
    label = f'stockpulse_iterator_age_seconds{{shard="{shard["shard_id"]}"}} '
    (age,) = (line for line in app.http.get("/metrics").text.splitlines() if label in line)
    assert 0 <= float(age.removeprefix(label)) < 30


def settled(http: httpx.Client) -> dict[str, float]:
    """Wait a moment, then scrape: a client can see a change before it is counted as published."""
    time.sleep(0.1)
    return scraped(http)


def test_a_log_is_json_with_ids_and_without_secrets(tmp_path: Path) -> None:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    environment = {"STOCKPULSE_LOG_FORMAT": "json", "STOCKPULSE_AUDIT_KEYS": f"k1:{key}"}
    planted = [key, "planted-bearer-token", "planted-in-query", "planted-in-body"]
    with (
        Process(tmp_path / "data", environment=environment) as process,
        plain.Client(base_url=process.url) as http,
    ):
        body = {"product_id": "P1", "name": "n", "stock": 3, "note": planted[3]}
        created = http.post(f"/v1/products?token={planted[2]}", json=body)
        http.get(f"/v1/events/{planted[2]}")
        refused = http.get("/v1/events", headers={"Authorization": f"Bearer {planted[1]}"})
        assert refused.status_code == 401
        http.get("/system", headers={"Accept": "text/html"})
        http.get("/readyz")
    text = (tmp_path / "out").read_text()
    lines = log_of(text)
    assert not [secret for secret in planted if secret in text]
    (line,) = (line for line in lines if line.get("request_id") == created.headers["X-Request-Id"])
    assert (line["method"], line["route"], line["status"]) == (
        "POST",
        "/v1/products",
        created.status_code,
    )
    assert {"time", "level", "duration_ms", "actor"} <= line.keys()
    assert all("request_id" in line for line in lines if line["logger"] == "app.access")


def test_the_password_of_a_broker_that_cannot_be_used_is_not_logged(tmp_path: Path) -> None:
    url = "redis://user:planted-password@127.0.0.1:1/0"
    environment = {"STOCKPULSE_BROKER_URL": url, "STOCKPULSE_LOG_FORMAT": "json"}
    process = Process(tmp_path / "data", environment=environment)
    process.start(ready=False)
    try:
        until(lambda: process.output, 30)
        with suppress(subprocess.TimeoutExpired):
            process.wait_dead(5)
    finally:
        process.__exit__()
    assert process.output
    assert "planted-password" not in (tmp_path / "out").read_text()


def log_of(text: str) -> list[dict[str, Any]]:
    """The log lines, each a JSON object; the announcement on stdout comes before the first."""
    lines = text.split("Press Ctrl-C to stop." + os.linesep)[-1].splitlines()
    assert lines
    return [json.loads(line) for line in lines]
