"""A test message is sent by this process, with its own settings, whether or not the sink runs."""

from collections.abc import Callable

from app.bootstrap.sink_lookup import sink_operation
from app.config.settings import Settings
from app.store.deployment import Deployment
from app.store.idempotency import Once
from app.store.sinks.sink_control import SinkControl
from app.store.sinks.sink_errors import SinkTestFailed
from worker.consumers.sink import Unavailable


class SinkTester:
    """Sends test messages, and writes each to the admin trail with its outcome."""

    def __init__(self, settings: Settings, sinks: SinkControl, deployment: Deployment) -> None:
        self._settings = settings
        self._sinks = sinks
        self._deployment = deployment

    def __call__(self, name: str, actor: str, once: Once[str] | None = None) -> str:
        """Send one test message through a sink; returns a sentence about the receiver's answer.

        Two concurrent requests with the same idempotency key may both send a message.

        Raises:
            SinkTestFailed: the receiver did not accept the message; the detail says why.
            SinkNotConfigured: this process has no such sink, or the sink has no test.
            SinkNotFound: no process has such a sink.
            Replayed: `once` has a stored response for the request.

        """
        if once is not None:
            once.recall()
        with sink_operation(self._settings, self._deployment, self._sinks, name, "test") as test:
            answer = self._sent(name, test, actor)
        self._sinks.note_test(name, actor, answer, once)
        return answer

    def _sent(self, name: str, test: Callable[[], str], actor: str) -> str:
        try:
            return test()
        except Exception as error:
            known = isinstance(error, Unavailable)
            reason = str(error) if known else f"{type(error).__name__}: {error}"
            self._sinks.note_test(name, actor, f"failed: {reason}")
            raise SinkTestFailed(f"Sink {name} did not accept the test: {reason}") from error
