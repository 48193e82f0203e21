"""`/metrics` for Prometheus: this process's metrics. They contain no product data."""

from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.broker.in_process import InProcessBroker
from app.core.roles import Role
from app.observability.metrics import exposition
from app.readmodel.read_model import ReadModel
from app.web.auth.permissions import needs
from app.web.requests.parameters import ServicesDep

router = APIRouter(include_in_schema=False)


class OwnState(Collector):
    """The application's live streams, ring and read model, read at each scrape."""

    def __init__(self, broker: InProcessBroker, read_model: ReadModel) -> None:
        self._broker = broker
        self._read_model = read_model

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
        copy = self._read_model.state
        yield GaugeMetricFamily(
            "stockpulse_read_model_filled",
            "1 if searches are answered, 0 while the products are read for them.",
            value=int(copy.filled),
        )
        yield GaugeMetricFamily(
            "stockpulse_read_model_lag_seconds",
            "For how long the read model may have lacked an event.",
            value=copy.lag,
        )


@router.get("/metrics", dependencies=[needs(Role.VIEWER)])
async def metrics(services: ServicesDep) -> Response:
    """Every metric, in Prometheus' text format."""
    return Response(
        exposition(OwnState(services.broker, services.read_model)),
        media_type=CONTENT_TYPE_LATEST,
        headers={"Cache-Control": "no-store"},
    )
