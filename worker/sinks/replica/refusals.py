"""What an error of the database means: a value that it can never take, or trouble that may pass.

Pure. A constraint that somebody added is no refusal: it is an error of the whole, which waits.
"""

from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as NoConnection

# What an error's text contains, and what to do about it.
_REMEDIES = (
    ("password authentication failed", "Check user and password in STOCKPULSE_REPLICA_URL."),
    ("no password supplied", "Add the password to STOCKPULSE_REPLICA_URL."),
    ("does not exist", "Create it, or check STOCKPULSE_REPLICA_URL."),
    ("permission denied", "Grant the user the right to create and write its tables."),
    ("unable to open database file", "The folder must exist, and be writable."),
    ("readonly database", "The file and its folder must be writable."),
    ("file is not a database", "Choose another file, or delete this one."),
    ("is malformed", "The file is damaged: delete it, and the replica is made again."),
    ("No space left on device", "Free some space on the database's disk."),
    ("could not extend file", "Free some space on the database's disk."),
    ("is full", "Free some space on the database's disk."),
    ("read-only transaction", "The server is a standby: use the address of the primary."),
    ("violates ", "Somebody added this constraint: drop it, or correct what breaks it."),
    ("constraint failed", "Somebody added this constraint: drop it, or correct what breaks it."),
)
_LONGEST = 300  # characters


class Refused(Exception):
    """The database can never take one of the values; the text says why."""


def refusal(error: BaseException) -> str | None:
    """Why the database can never take the values; None if another try may succeed."""
    cause = _cause(error)
    if isinstance(cause, UnicodeEncodeError):
        return "it has half a character (a lone surrogate), which the database cannot store"
    if isinstance(cause, OverflowError):
        return "a number is too large for the database"
    # SQLSTATE classes: 22 are data exceptions, 54 limits such as the size of an index entry.
    state = getattr(cause, "sqlstate", None) or ""
    is_limit = state.startswith("54") and "file" not in str(cause)  # not that of the disk
    if isinstance(error, DataError) or state.startswith("22") or is_limit:
        return _text(cause)
    return None


def trouble(error: BaseException, shown: str) -> str:
    """What is wrong with the database, and what to do, in a sentence or two."""
    if isinstance(error, NoConnection):
        return f"{shown} is busy: no connection is free."
    reason = _text(_cause(error))
    remedy = next((remedy for sign, remedy in _REMEDIES if sign in reason), "")
    verb = "refuses the changes" if isinstance(error, IntegrityError) else "cannot be used"
    return f"{shown} {verb}: {reason.rstrip('.')}. {remedy}".rstrip()


def _cause(error: BaseException) -> BaseException:
    """The driver's own error."""
    if isinstance(error, StatementError | DBAPIError) and error.orig is not None:
        return error.orig
    return error


def _text(error: BaseException) -> str:
    """The error's own words, without the statement and its values."""
    diagnosis: Any = getattr(error, "diag", None)
    primary = getattr(diagnosis, "message_primary", None)
    lines = str(primary or error).strip().splitlines() or [type(error).__name__]
    # A failed connection has a line for each address; the server's own reason ends one of them.
    line = next((one for one in lines if "FATAL:" in one), lines[0])
    return line.rpartition("FATAL:")[2].strip()[:_LONGEST]
