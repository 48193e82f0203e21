"""A check compares what a sink's receiver holds with the truth, and changes neither.

Changes that are under way may show as differences: check a sink whose lag is 0.
"""

from collections.abc import Iterator

from app.config.settings import Settings
from app.store.deployment import Deployment
from app.store.sinks.sink_control import SinkControl
from app.store.sinks.sink_errors import SinkCheckFailed, SinkNotConfigured
from worker.consumers.sink import Unavailable
from worker.sinks.alerts import NAME as ALERTS
from worker.sinks.configured import sinks_of


class SinkChecker:
    """Runs the checks of the sinks that this process's settings enable."""

    def __init__(self, settings: Settings, sinks: SinkControl, deployment: Deployment) -> None:
        self._settings = settings
        self._sinks = sinks
        self._deployment = deployment

    def __call__(self, name: str) -> Iterator[str]:
        """Yield one sentence for each difference, and "" now and then while there is none.

        Raises:
            SinkCheckFailed: the receiver cannot be read; the detail says why.
            SinkNotConfigured: this process has no such sink, or the sink has no check.
            SinkNotFound: no process has such a sink.

        """
        with sinks_of(self._settings, self._deployment) as sinks:
            sink = next((sink for sink in sinks if sink.name == name), None)
            if sink is None and name != ALERTS:
                self._sinks.find(name)
                raise SinkNotConfigured(
                    f"Sink {name} cannot be checked: this process's settings do not enable it."
                )
            if sink is None or sink.check is None:
                raise SinkNotConfigured(
                    f"Sink {name} has no check: its receiver keeps nothing that could be compared."
                )
            try:
                yield from sink.check()
            except Unavailable as error:
                raise SinkCheckFailed(f"Sink {name} cannot be checked: {error}") from error
