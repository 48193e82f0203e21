"""`/metrics` for Prometheus: this process's counts. It holds no product data."""

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
    """One application's subscribers and ring, as they are at the scrape."""

    def __init__(self, broker: InProcessBroker) -> None:
        self._broker = broker

    def collect(self) -> Iterator[Metric]:
        """The samples (the library's own hook)."""
        broker = self._broker
        yield GaugeMetricFamily(
            "stockpulse_subscribers", "Live streams open.", value=broker.subscribers
        )
        yield GaugeMetricFamily(
            "stockpulse_ring_events", "Events held for clients that resume.", value=broker.held
        )
        yield CounterMetricFamily(
            "stockpulse_ring_overruns",
            "Live streams that fell behind the ring and were closed to resume.",
            value=broker.overruns,
        )


@router.get("/metrics", dependencies=[needs(Role.VIEWER)])
async def metrics(services: ServicesDep) -> Response:
    """Answer with every metric in Prometheus' text format."""
    return Response(
        exposition(LiveStreams(services.broker)),
        media_type=CONTENT_TYPE_LATEST,
        headers={"Cache-Control": "no-store"},
    )
