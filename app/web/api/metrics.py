"""`/metrics` for Prometheus: this process's metrics. They contain no product data."""

from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.broker.in_process import InProcessBroker
from app.core.roles import Role
from app.observability.metrics import exposition
from app.web.auth.permissions import needs
from app.web.requests.parameters import ServicesDep

router = APIRouter(include_in_schema=False)


class LiveStreams(Collector):
    """The application's live streams and ring, read at each scrape."""

    def __init__(self, broker: InProcessBroker) -> None:
        self._broker = broker

    def collect(self) -> Iterator[Metric]:
        """The samples (called by the library)."""
        broker = self._broker
        yield GaugeMetricFamily(
            "stockpulse_subscribers", "Open live streams.", value=broker.subscribers
        )
        yield GaugeMetricFamily(
            "stockpulse_ring_events",
            "Events kept in memory for clients that resume.",
            value=broker.held,
        )
        yield CounterMetricFamily(
            "stockpulse_ring_overruns",
            "Live streams that were closed because they fell behind the ring.",
            value=broker.overruns,
        )


@router.get("/metrics", dependencies=[needs(Role.VIEWER)])
async def metrics(services: ServicesDep) -> Response:
    """Every metric, in Prometheus' text format."""
    return Response(
        exposition(LiveStreams(services.broker)),
        media_type=CONTENT_TYPE_LATEST,
        headers={"Cache-Control": "no-store"},
    )
