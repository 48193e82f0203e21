"""All metrics of a process are in one Prometheus registry.

Counters only grow, so several applications in one process share them. A value that belongs to
one application (such as its live streams) is read from it at each scrape.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

ALERTS_NOTED = 180.0  # seconds; they are noted once a minute

# Leave out the `_created` series.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)  # processor time, memory, open files


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(f"stockpulse_{name}", meaning, labels, registry=REGISTRY)


RECORDS = _counter("records", "Stream records read.")
AUDITED = _counter("audited", "Events written to the audit table.")
PUBLISHED = _counter("published", "Events published to the broker.")
RETRIES = _counter("retries", "Failed calls that are retried, by part.", "part")
PARKED = _counter("parked", "Records saved as dead letters, by sink.", "sink")
GAPS = _counter("gaps", "Gaps detected in the stream.")
GET_RECORDS_CALLS = _counter("get_records_calls", "GetRecords calls made.")
LEASE_MOVES = _counter("lease_moves", "Leases of shards and sinks taken over from another worker.")

SINK_DELIVERED = _counter("sink_delivered", "Events that a sink accepted.", "sink")
SINK_RETRIED = _counter("sink_retried", "Failed calls of a sink that are retried.", "sink")
SINK_REJECTED = _counter("sink_rejected", "Events that became dead letters of a sink.", "sink")

NOTICES_DELIVERED = _counter(
    "notifications_delivered", "Messages that a recipient accepted.", "channel", "rule"
)
NOTICES_FAILED = _counter(
    "notifications_failed", "Messages that are sent again.", "channel", "rule"
)
NOTICES_REJECTED = _counter(
    "notifications_rejected", "Messages that a recipient refused for good.", "channel", "rule"
)

# Created at 0, because Prometheus sees no increase in a counter whose first value is 1.
for _part in ("audit", "broker", "checkpoint", "dead letters", "gaps", "lease", "stream"):
    RETRIES.labels(_part)
PARKED.labels("audit")


class IteratorAge(Collector):
    """How far each shard's reader is behind, in seconds.

    The age grows after the last page was read, so that a reader that hangs shows up.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._noted: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def note(self, shard: str, seconds: float) -> None:
        """Note the age in seconds of the last record of a page; 0 for an empty page."""
        with self._lock:
            self._noted[shard] = (max(0.0, seconds), self._monotonic())

    def forget(self, shard: str) -> None:
        """Remove a shard that this process no longer reads."""
        with self._lock:
            self._noted.pop(shard, None)

    def ages(self) -> dict[str, float]:
        """The current age of each shard, in seconds."""
        with self._lock:
            now = self._monotonic()
            return {shard: age + now - at for shard, (age, at) in self._noted.items()}

    def collect(self) -> Iterator[Metric]:
        """One sample per shard (called by the Prometheus library)."""
        family = GaugeMetricFamily(
            "stockpulse_iterator_age_seconds",
            "Age of the last record read plus the time since it was read, by shard.",
            labels=["shard"],
        )
        for shard, age in self.ages().items():
            family.add_metric([shard], age)
        yield family


class SinkLag(Collector):
    """How far each sink of this process is behind.

    The lag in seconds grows with time, so that a consumer that hangs shows up.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._noted: dict[str, tuple[int | None, int]] = {}

    def note(self, sink: str, first_ms: int | None, events: int) -> None:
        """Note the arrival (ms) of the first waiting event (None: none waits), and the number."""
        self._noted[sink] = (first_ms, events)

    def forget(self, sink: str) -> None:
        """Remove a sink that this process no longer runs."""
        self._noted.pop(sink, None)

    def collect(self) -> Iterator[Metric]:
        """Two samples per sink (called by the Prometheus library)."""
        seconds = GaugeMetricFamily(
            "stockpulse_sink_lag_seconds",
            "Seconds since the arrival of the first event that the sink has not processed.",
            labels=["sink"],
        )
        count = GaugeMetricFamily(
            "stockpulse_sink_lag_events",
            "Events read for the sink that are not delivered yet.",
            labels=["sink"],
        )
        for sink, (first_ms, events) in list(self._noted.items()):
            lag = 0.0 if first_ms is None else max(0.0, self._now() - first_ms / 1000)
            seconds.add_metric([sink], lag)
            count.add_metric([sink], events)
        yield seconds
        yield count


class AlertsOpen(Collector):
    """The open alerts by kind, in the process that keeps the alerts.

    They are left out once that process has not looked for a while: another one may keep them now.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._counts: dict[str, int] = {}
        self._seen_at = 0.0

    def note(self, counts: Mapping[str, int]) -> None:
        """Note the number of open alerts by kind."""
        self._counts = dict(counts)

    def still_here(self) -> None:
        """Note that this process still keeps the alerts."""
        self._seen_at = self._monotonic()

    def collect(self) -> Iterator[Metric]:
        """One sample per kind (called by the Prometheus library)."""
        family = GaugeMetricFamily(
            "stockpulse_alerts_open",
            "Open alerts by kind, counted up to about 1,000.",
            labels=["kind"],
        )
        if self._monotonic() - self._seen_at <= ALERTS_NOTED:
            for kind, count in self._counts.items():
                family.add_metric([kind], count)
        yield family


class NoticesWaiting(Collector):
    """The notices that wait for recipients, in the process that sends them."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._noted: dict[tuple[str, str], tuple[int, int]] = {}

    def note(self, waiting: Mapping[tuple[str, str], tuple[int, int]]) -> None:
        """Note the number of notices, and the arrival (ms) of the first, by channel and rule."""
        self._noted = dict(waiting)

    def collect(self) -> Iterator[Metric]:
        """Two samples per channel and rule for which anything waits."""
        count = GaugeMetricFamily(
            "stockpulse_notifications_waiting",
            "Notices that wait for a recipient.",
            labels=["channel", "rule"],
        )
        oldest = GaugeMetricFamily(
            "stockpulse_notifications_oldest_waiting_seconds",
            "Seconds since the arrival of the first notice that waits for a recipient.",
            labels=["channel", "rule"],
        )
        for labels, (number, first_ms) in list(self._noted.items()):
            count.add_metric(labels, number)
            oldest.add_metric(labels, max(0.0, self._now() - first_ms / 1000))
        yield count
        yield oldest


ITERATOR_AGE = IteratorAge()
REGISTRY.register(ITERATOR_AGE)
ALERTS_OPEN = AlertsOpen()
REGISTRY.register(ALERTS_OPEN)
SINK_LAG = SinkLag()
REGISTRY.register(SINK_LAG)
NOTICES_WAITING = NoticesWaiting()
REGISTRY.register(NOTICES_WAITING)


def exposition(*more: Collector) -> bytes:
    """All metrics in Prometheus' text format; `more` are the collectors of one application."""
    together = CollectorRegistry()
    for collector in (REGISTRY, *more):
        together.register(collector)
    return generate_latest(together)


class MetricsAddressTaken(Exception):
    """`/metrics` cannot listen on its address. The message says what to do."""


@contextmanager
def served(host: str, port: int | None) -> Iterator[int | None]:
    """Serve `/metrics` in a process without a web server until the block ends; yields the port.

    Does nothing if `port` is None.

    Raises:
        MetricsAddressTaken: the address is in use.

    """
    if port is None:
        yield None
        return
    try:
        server, thread = start_http_server(port, host, REGISTRY)
    except OSError as error:
        raise MetricsAddressTaken(
            f"cannot serve metrics on {host}:{port} ({error.strerror}): "
            "stop the program that uses it, or set STOCKPULSE_METRICS_PORT"
        ) from None
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
