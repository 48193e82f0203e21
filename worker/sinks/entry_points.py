"""A sink of another package is loaded by its entry point, and only if the settings name it.

The entry point's name is the sink's name. Its object is a function as `Sink.deliver`, or a `Sink`.
"""

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from app.config.access import PREFIX
from app.config.settings import Settings, SettingsError
from worker.consumers.sink import Sink, sink_of

GROUP = "stockpulse.sinks"

# Names of the sinks that ship with Stockpulse, configured or not.
OWN = frozenset(
    {"alerts", "archive", "audit", "eventbridge", "notifications", "replica", "search", "sns"}
    | {"sqs", "webhook"}
)


def installed_sinks(settings: Settings) -> list[Sink]:
    """The sinks that `STOCKPULSE_SINKS` names.

    Raises:
        SettingsError: one is not installed, cannot be loaded, or is no sink.

    """
    return [_load(name) for name in settings.sinks]


def _load(name: str) -> Sink:
    if name in OWN:
        raise SettingsError(
            f"{PREFIX}SINKS: {name} is the name of a sink of Stockpulse itself, which has settings "
            "of its own; give yours another name"
        )
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        raise SettingsError(
            f"{PREFIX}SINKS: no installed package has the sink {name}. {_known(sorted(found))} "
            "Install the package in the environment of Stockpulse."
        )
    try:
        return sink_of(name, _loaded(found[name]))
    except ValueError as error:
        raise SettingsError(f"{PREFIX}SINKS: {error}") from None


def _loaded(point: EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:  # the module may raise any error
        raise ValueError(
            f"{point.name} ({point.value}) cannot be loaded: {type(error).__name__}: {error}"
        ) from error


def _known(names: Sequence[str]) -> str:
    return f"Installed: {', '.join(names)}." if names else "None is installed."
