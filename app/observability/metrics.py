"""Counts of this process, for Prometheus; the one registry of the library, made once.

Counters only ever grow, so several applications in one process add to the same ones. What
belongs to one application (its live streams) is read from it at the time of a scrape.
"""

import threading
import time
from collections.abc import Callable, Iterator
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

# Without the series that tell when each counter began.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)  # processor time, memory, open files


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(f"stockpulse_{name}", meaning, labels, registry=REGISTRY)


RECORDS = _counter("records", "Stream records read.")
AUDITED = _counter("audited", "Events made durable in the audit table.")
PUBLISHED = _counter("published", "Events handed to the broker.")
RETRIES = _counter("retries", "Failed tries that are repeated, by part.", "part")
PARKED = _counter("parked", "Records put among the dead letters, by sink.", "sink")
GAPS = _counter("gaps", "Gaps found in the stream of changes.")
GET_RECORDS_CALLS = _counter("get_records_calls", "GetRecords calls made.")
LEASE_MOVES = _counter("lease_moves", "Leases of shards and sinks taken over from another worker.")

SINK_DELIVERED = _counter("sink_delivered", "Events that a sink accepted.", "sink")
SINK_RETRIED = _counter("sink_retried", "Failed calls of a sink, each tried again.", "sink")
SINK_REJECTED = _counter("sink_rejected", "Events that became dead letters of a sink.", "sink")

# Prometheus sees no increase in a counter that begins at 1: these are there from the start.
for _part in ("audit", "broker", "checkpoint", "dead letters", "gaps", "lease", "stream"):
    RETRIES.labels(_part)
PARKED.labels("audit")


class IteratorAge(Collector):
    """How far each shard's reader is behind, in seconds.

    The age grows by itself from the last page on: a reader that hangs must not look well.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._noted: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def note(self, shard: str, seconds: float) -> None:
        """A page was read whose last record is so old; 0 where it held none."""
        with self._lock:
            self._noted[shard] = (max(0.0, seconds), self._monotonic())

    def forget(self, shard: str) -> None:
        """This process reads the shard no longer."""
        with self._lock:
            self._noted.pop(shard, None)

    def ages(self) -> dict[str, float]:
        """Seconds by shard, now."""
        with self._lock:
            now = self._monotonic()
            return {shard: age + now - at for shard, (age, at) in self._noted.items()}

    def collect(self) -> Iterator[Metric]:
        """One sample a shard (the library's own hook)."""
        family = GaugeMetricFamily(
            "stockpulse_iterator_age_seconds",
            "Age of the last record read, and the time since; by shard.",
            labels=["shard"],
        )
        for shard, age in self.ages().items():
            family.add_metric([shard], age)
        yield family


class SinkLag(Collector):
    """How far each sink of this process is behind.

    The lag in seconds grows by itself: a consumer that hangs must not look well.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._noted: dict[str, tuple[int | None, int]] = {}

    def note(self, sink: str, first_ms: int | None, events: int) -> None:
        """Note when the first event arrived that is not done (None: all are), and how many wait."""
        self._noted[sink] = (first_ms, events)

    def forget(self, sink: str) -> None:
        """This process runs the sink no longer."""
        self._noted.pop(sink, None)

    def collect(self) -> Iterator[Metric]:
        """Two samples a sink (the library's own hook)."""
        seconds = GaugeMetricFamily(
            "stockpulse_sink_lag_seconds",
            "Seconds since the first event arrived that the sink has not had.",
            labels=["sink"],
        )
        count = GaugeMetricFamily(
            "stockpulse_sink_lag_events",
            "Events that were read for the sink and not delivered yet.",
            labels=["sink"],
        )
        for sink, (first_ms, events) in list(self._noted.items()):
            lag = 0.0 if first_ms is None else max(0.0, self._now() - first_ms / 1000)
            seconds.add_metric([sink], lag)
            count.add_metric([sink], events)
        yield seconds
        yield count


ITERATOR_AGE = IteratorAge()
REGISTRY.register(ITERATOR_AGE)
SINK_LAG = SinkLag()
REGISTRY.register(SINK_LAG)


def exposition(*more: Collector) -> bytes:
    """Everything in Prometheus' text format; `more` is what one application adds."""
    together = CollectorRegistry()
    for collector in (REGISTRY, *more):
        together.register(collector)
    return generate_latest(together)


class MetricsAddressTaken(Exception):
    """The address for `/metrics` cannot be had; the message says what to do."""


@contextmanager
def served(host: str, port: int | None) -> Iterator[int | None]:
    """`/metrics` of a process without a web server, while the block runs; gives the port.

    Nothing where `port` is None.

    Raises:
        MetricsAddressTaken: something else listens there.

    """
    if port is None:
        yield None
        return
    try:
        server, thread = start_http_server(port, host, REGISTRY)
    except OSError as error:
        raise MetricsAddressTaken(
            f"cannot serve metrics on {host}:{port} ({error.strerror}): "
            "end what uses it, or set STOCKPULSE_METRICS_PORT"
        ) from None
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
