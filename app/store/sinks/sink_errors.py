"""A refused action on a sink or on its dead letters says which name, id or time is wrong."""

from app.core.errors import StockpulseError


class LetterNotFound(StockpulseError):
    """No dead letter has this id. It may have been delivered or deleted."""

    status = 404
    code = "dead-letter-not-found"
    title = "Dead letter not found"


class SinkNotFound(StockpulseError):
    """No sink has this name."""

    status = 404
    code = "sink-not-found"
    title = "Sink not found"


class TimeOutOfRange(StockpulseError):
    """The time is in the future, or older than the oldest stored event."""

    status = 422
    code = "time-out-of-range"
    title = "The sink cannot be rewound to that time"


class SinkNotConfigured(StockpulseError):
    """This process's settings do not enable the sink, or it has no test or rebuild."""

    status = 409
    code = "sink-not-configured"
    title = "The sink cannot do that here"


class SinkTestFailed(StockpulseError):
    """The sink's receiver did not accept the test message."""

    status = 502
    code = "sink-test-failed"
    title = "The sink test failed"


class SinkRebuildFailed(StockpulseError):
    """The sink's receiver did not accept the request to build its state again."""

    status = 502
    code = "sink-rebuild-failed"
    title = "The sink's rebuild cannot begin"


class SinkCheckFailed(StockpulseError):
    """The sink's receiver cannot be read, so it cannot be compared."""

    status = 502
    code = "sink-check-failed"
    title = "The sink check failed"
