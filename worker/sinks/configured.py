"""Which sinks the settings switch on."""

from app.settings import Settings
from worker.consumers.sink import Sink


def sinks_of(_settings: Settings) -> list[Sink]:
    """Every sink that is switched on."""
    return []
