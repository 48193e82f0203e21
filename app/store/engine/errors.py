"""Every way that the embedded engine can fail is one line that says what to do."""


class EngineError(Exception):
    """The embedded engine cannot be used; the message is one line and names the remedy."""


class DataFolderHeld(EngineError):
    """Another Stockpulse owns the data folder."""


class EngineMissing(EngineError):
    """No engine binary for this platform."""


class EngineFailed(EngineError):
    """The engine, its file or its folder does not work."""
