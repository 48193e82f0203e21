"""A session that was signed out stays ended until it would have expired.

The rows lie in the order in which the sessions ended, by the store's own clock, so a process reads
all of them once and then only what is new.
"""

import math
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.store.access.settings_rows import row_key
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_rows
from app.store.dynamodb.store_clock import StoreClock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KIND = "ended-session"
_ID = re.compile(r"[0-9]{13}-")
_MARGIN = timedelta(days=2)
_OVERLAP = timedelta(minutes=1)  # read again: a row may be written later than it was stamped


class EndedSessions:
    """The rows of kind `ended-session` in the settings table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._clock = StoreClock(client)
        self._until: dict[str, float] = {}  # by session: seconds since 1970
        self._known: frozenset[str] = frozenset()
        self._read_to = ""  # the time up to which rows were read, as it begins their keys

    def add(self, session: str, until: datetime) -> None:
        """Store that a session ended, until the time at which it would have expired."""
        expiry = {"ExpiresAt": {"N": str(int(until.timestamp()))}}
        row = row_key(_KIND, f"{_begin(self._clock.now())}-{session}") | expiry
        with translated():
            self._client.put_item(TableName=self._table, Item=row)

    def read(self) -> frozenset[str]:
        """Ids of all ended sessions; one thread at a time may call this.

        Raises:
            StoreUnavailable: the new rows cannot be read now.

        """
        now = self._clock.now()
        rows = get_rows(
            self._client,
            "query",
            self._table,
            KeyConditionExpression="Kind = :kind AND ID BETWEEN :from AND :to",
            ExpressionAttributeValues={
                ":kind": {"S": _KIND},
                ":from": {"S": self._read_to or "-"},
                ":to": {"S": ":" if self._read_to else "~"},  # after all digits; after all ids
            },
        )
        found = dict(map(_ended, rows))
        self._read_to = _begin(now - _OVERLAP)
        if not found.keys() <= self._until.keys():
            # A clock that was ahead must not let in a session that ended.
            expired = (now - _MARGIN).timestamp()
            known = (self._until | found).items()
            self._until = {session: until for session, until in known if until > expired}
            self._known = frozenset(self._until)
        return self._known


def _begin(moment: datetime) -> str:
    return f"{int(moment.timestamp() * 1000):013d}"


def _ended(row: Any) -> tuple[str, float]:
    """A session and its expiry; rows of earlier versions have only the session as their id."""
    row_id: str = row["ID"]["S"]
    try:
        until = float(row["ExpiresAt"]["N"])
    except (KeyError, ValueError):  # another program's row keeps a session out until a restart
        until = math.inf
    return row_id[14:] if _ID.match(row_id) else row_id, until
