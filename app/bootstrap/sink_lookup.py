"""One way to find a sink by its name for what this process does with it: test, check, rebuild."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from app.config.settings import Settings
from app.store.deployment import Deployment
from app.store.sinks.sink_control import SinkControl
from app.store.sinks.sink_errors import SinkNotConfigured
from worker.notifications.notifier import NAME as NOTIFICATIONS
from worker.sinks.alerts import NAME as ALERTS
from worker.sinks.configured import sinks_of

# These run without any setting; they have no receiver that could be tested, checked or rebuilt.
_ALWAYS = {ALERTS, NOTIFICATIONS}
_LACKS = {
    "test": "has no test",
    "check": "has no check: its receiver keeps nothing that could be compared",
    "rebuild": "has no rebuild: rewind it",
}


@contextmanager
def sink_operation(
    settings: Settings,
    deployment: Deployment,
    sinks: SinkControl,
    name: str,
    operation: Literal["test", "check", "rebuild"],
) -> Iterator[Callable[[], Any]]:
    """The function of that name of a sink (see `Sink`), with the settings of this process.

    Raises:
        SinkNotConfigured: the settings do not enable the sink, or it has no such function.
        SinkNotFound: no process has such a sink.

    """
    with sinks_of(settings, deployment) as configured:
        sink = next((sink for sink in configured if sink.name == name), None)
        if sink is None and name not in _ALWAYS:
            sinks.find(name)
            raise SinkNotConfigured(f"Sink {name} is not enabled in this process's settings.")
        found = getattr(sink, operation, None)
        if found is None:
            raise SinkNotConfigured(f"Sink {name} {_LACKS[operation]}.")
        yield found
