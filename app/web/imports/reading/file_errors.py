"""What a file must be, and the error for one that is not."""

from app.core.errors import StockpulseError

MOST_BYTES = 20 << 20  # of a file
MOST_ROWS = 100_000
MOST_COLUMNS = 200
MOST_TEXT = 32_767  # characters in a cell, as in a spreadsheet


class FileRefused(StockpulseError):
    """The file cannot be read as a table of products. Nothing was changed."""

    status = 422
    code = "file-refused"
    title = "The file cannot be imported"


def too_many_columns(count: int) -> FileRefused:
    """The error for a table that is too wide."""
    return FileRefused(
        f"The file has {count:,} columns, and an import takes {MOST_COLUMNS}. Delete the columns "
        "that are not about products, or save only the table itself."
    )


def too_many_rows() -> FileRefused:
    """The error for a table that is too long."""
    return FileRefused(
        f"The file has more than {MOST_ROWS:,} rows, which is the most that one import takes. "
        "Divide it into several files."
    )
