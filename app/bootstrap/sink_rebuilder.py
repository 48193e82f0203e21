"""A sink's state at its receiver is built again from the products table, by a worker."""

from app.bootstrap.sink_lookup import sink_operation
from app.config.settings import Settings
from app.store.deployment import Deployment
from app.store.idempotency import Once
from app.store.sinks.sink_control import SinkControl
from app.store.sinks.sink_errors import SinkRebuildFailed
from worker.consumers.sink import Unavailable


class SinkRebuilder:
    """Requests rebuilds of the sinks that this process's settings enable."""

    def __init__(self, settings: Settings, sinks: SinkControl, deployment: Deployment) -> None:
        self._settings = settings
        self._sinks = sinks
        self._deployment = deployment

    def __call__(self, name: str, actor: str, once: Once[str] | None = None) -> str:
        """Request a rebuild, and write it to the admin trail; returns a sentence about it.

        While a rebuild is under way, another request for it changes nothing.

        Raises:
            SinkRebuildFailed: the receiver did not accept the request; the detail says why.
            SinkNotConfigured: this process has no such sink, or the sink cannot be rebuilt.
            SinkNotFound: no process has such a sink.
            Replayed: `once` has a stored response for the request.

        """
        if once is not None:
            once.recall()
        with sink_operation(
            self._settings, self._deployment, self._sinks, name, "rebuild"
        ) as rebuild:
            try:
                answer: str = rebuild()
            except Unavailable as error:
                raise SinkRebuildFailed(f"Sink {name} cannot be rebuilt: {error}") from error
        self._sinks.note_rebuild(name, actor, answer, once)
        return answer
