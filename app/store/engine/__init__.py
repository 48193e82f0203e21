"""The embedded engine stores the tables in the data folder; one owner runs and supervises it."""

from app.store.engine.binary import find_binary
from app.store.engine.embedded import EmbeddedEngine, Positions, find_running
from app.store.engine.endpoint_file import Endpoint
from app.store.engine.errors import DataFolderHeld, EngineError, EngineFailed, EngineMissing

__all__ = [
    "DataFolderHeld",
    "EmbeddedEngine",
    "Endpoint",
    "EngineError",
    "EngineFailed",
    "EngineMissing",
    "Positions",
    "find_binary",
    "find_running",
]
