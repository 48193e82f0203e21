"""Errors of imports besides those of their files."""

from app.core.errors import StockpulseError


class ImportNotFound(StockpulseError):
    """There is no import with this id on this server."""

    status = 404
    code = "import-not-found"
    title = "Import not found"

    def __init__(self) -> None:
        super().__init__(
            "There is no such import. One that was not started is deleted after a day, and only "
            "the server process that took its file has it."
        )


class ImportNotReady(StockpulseError):
    """The import is in a state in which this cannot be done."""

    status = 409
    code = "import-not-ready"
    title = "Not possible in this state of the import"


class TooManyImports(StockpulseError):
    """The server has the maximum number of imports at work, or its disk is almost full."""

    status = 503
    code = "too-many-imports"
    title = "No further import is possible now"
