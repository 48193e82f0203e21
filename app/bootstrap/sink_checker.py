"""A check compares what a sink's receiver holds with the truth, and changes neither.

Changes that are under way may show as differences: check a sink whose lag is 0.
"""

from collections.abc import Iterator

from app.bootstrap.sink_lookup import sink_operation
from app.config.settings import Settings
from app.store.deployment import Deployment
from app.store.sinks.sink_control import SinkControl
from app.store.sinks.sink_errors import SinkCheckFailed
from worker.consumers.sink import Unavailable


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
        with sink_operation(self._settings, self._deployment, self._sinks, name, "check") as check:
            try:
                yield from check()
            except Unavailable as error:
                raise SinkCheckFailed(f"Sink {name} cannot be checked: {error}") from error
