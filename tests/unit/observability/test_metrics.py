"""Ages and lags grow while nothing moves, and counters only grow."""

import re
import socket
import urllib.request
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.observability.metrics import (
    PARKED,
    RECORDS,
    SINK_DELIVERED,
    IteratorAge,
    MetricsAddressTaken,
    SinkLag,
    exposition,
    served,
)
from app.web.api.metrics import OwnState
from tests.support.paths import ROOT


def samples(text: str) -> dict[tuple[str, str], float]:
    """Values by name and first label."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_iterator_age_of_a_hanging_reader_grows() -> None:
    now = [100.0]
    ages = IteratorAge(lambda: now[0])
    ages.note("busy", 2.0)
    ages.note("idle", 0.0)
    now[0] += 30
    ages.note("idle", 0.0)
    assert ages.ages() == {"busy": 32.0, "idle": 0.0}


def test_iterator_age_is_never_negative() -> None:
    ages = IteratorAge(lambda: 0.0)
    ages.note("s", -5.0)
    assert ages.ages() == {"s": 0.0}


def test_shard_that_is_read_elsewhere_is_not_exported() -> None:
    ages = IteratorAge(lambda: 0.0)
    ages.note("s", 1.0)
    ages.forget("s")
    ages.forget("never read")
    assert samples(exposition(ages).decode()).get(("stockpulse_iterator_age_seconds", "s")) is None


def test_lag_of_a_hanging_sink_grows() -> None:
    now = [100.0]
    lag = SinkLag(lambda: now[0])
    lag.note("hangs", 90_000, 3)
    lag.note("idle", None, 0)
    now[0] += 30
    found = samples(exposition(lag).decode())
    assert found["stockpulse_sink_lag_seconds", "hangs"] == 40.0
    assert found["stockpulse_sink_lag_events", "hangs"] == 3
    assert found["stockpulse_sink_lag_seconds", "idle"] == 0.0


def test_sink_that_does_not_run_here_is_not_exported() -> None:
    lag = SinkLag(lambda: 0.0)
    lag.note("archive", None, 0)
    lag.forget("archive")
    lag.forget("never run")
    assert ("stockpulse_sink_lag_seconds", "archive") not in samples(exposition(lag).decode())


@pytest.mark.parametrize(
    ("name", "label"),
    [("stockpulse_parked_total", "audit"), ("stockpulse_retries_total", "audit")],
)
def test_alarm_counters_are_exported_at_0(name: str, label: str) -> None:
    """Prometheus' `increase` does not see a counter whose first value is 1."""
    assert (name, label) in samples(exposition().decode())


def test_counters_are_exported_by_name_and_label() -> None:
    before = samples(exposition().decode())
    RECORDS.inc(3)
    PARKED.labels("notify").inc()
    SINK_DELIVERED.labels("notify").inc(2)
    after = samples(exposition().decode())

    def grown(name: str, label: str = "") -> float:
        return after[name, label] - before.get((name, label), 0)

    assert (grown("stockpulse_records_total"), grown("stockpulse_parked_total", "notify")) == (3, 1)
    assert grown("stockpulse_sink_delivered_total", "notify") == 2
    assert not any(name.endswith("_created") for name, _ in after)


def test_process_without_a_web_server_serves_metrics_until_the_block_ends() -> None:
    with (
        served("127.0.0.1", 0) as port,
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer,
    ):
        found = samples(answer.read().decode())
    assert ("stockpulse_records_total", "") in found
    with (
        socket.create_server(("127.0.0.1", port)),  # the port is free again
        pytest.raises(MetricsAddressTaken, match="STOCKPULSE_METRICS_PORT"),
        served("127.0.0.1", port),
    ):
        pass
    with served("127.0.0.1", None) as none:
        assert none is None


def test_documented_metrics_are_those_that_are_exported() -> None:
    document = (ROOT / "docs" / "operate" / "operations.md").read_text()
    documented = set(re.findall(r"^\| `(stockpulse_\w+)", document, re.MULTILINE))
    broker: Any = SimpleNamespace(subscribers=0, held=0, overruns=0)
    copy: Any = SimpleNamespace(state=SimpleNamespace(filled=True, lag=0.0))
    exported = exposition(OwnState(broker, copy)).decode()
    found = re.findall(r"^# TYPE (stockpulse_\w+)", exported, re.MULTILINE)
    assert documented == set(found)
    alarms = set(re.findall(r"stockpulse_\w+", document))
    assert alarms == documented
