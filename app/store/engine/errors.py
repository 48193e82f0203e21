"""Every failure of the embedded engine is a one-line error that says what to do."""


class EngineError(Exception):
    """The embedded engine cannot be used; the message is one line and says what to do."""


class DataFolderHeld(EngineError):
    """Another Stockpulse process owns the data folder."""


class EngineMissing(EngineError):
    """There is no engine binary for this platform."""


class EngineFailed(EngineError):
    """The engine, its file or its folder cannot be used."""
