"""The replica's database: every transaction ends within a few seconds, whatever the server does."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from app.core import json_text
from worker.consumers.sink import Unavailable
from worker.sinks.replica.refusals import Refused, refusal, trouble

CONNECT = 3  # seconds until a connection is given up; with DEADLINE well within a lease's 10 s
DEADLINE = 5.0  # seconds until a transaction is given up
_LOCK, _IDLE = "4s", "10s"
# A database without an encoding (SQL_ASCII) would return bytes.
_CONNECTION = {"connect_timeout": CONNECT, "client_encoding": "utf8"}
_POOLED = 2  # connections: the deliveries' and the scan's

# The server ends statements, and transactions of a worker that has vanished. For this transaction
# only, so that a connection pool such as PgBouncer can stand between.
_LIMITS = text(
    "SELECT set_config('statement_timeout', :statement, true), "
    "set_config('lock_timeout', :lock, true), "
    "set_config('idle_in_transaction_session_timeout', :idle, true)"
)


class Database:
    """One database, by its URL; thread-safe. Nothing is connected before the first transaction."""

    def __init__(self, url: str, seconds: float = DEADLINE) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.shown = shown(parsed)
        self._seconds = seconds
        self._limits = {"statement": f"{seconds}s", "lock": _LOCK, "idle": _IDLE}
        self._engine = create_engine(
            parsed if self.is_sqlite else parsed.set(drivername="postgresql+psycopg"),
            connect_args={"timeout": seconds} if self.is_sqlite else _CONNECTION,
            json_serializer=_as_json,
            json_deserializer=json_text.loads,
            **{} if self.is_sqlite else {"pool_size": _POOLED, "pool_timeout": seconds},
        )
        if self.is_sqlite:
            event.listen(self._engine, "connect", _without_own_transactions)
            event.listen(self._engine, "begin", _begin_at_once)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block.

        Raises:
            Refused: the database can never take the values.
            Unavailable: it cannot be used now. The transaction may still be committed.

        """
        try:
            with (
                self._engine.connect() as connection,
                self._limited(connection),
                connection.begin(),
            ):
                if not self.is_sqlite:
                    connection.execute(_LIMITS, self._limits)
                yield connection
        except (SQLAlchemyError, UnicodeEncodeError, OverflowError) as error:
            if (reason := refusal(error)) is not None:
                raise Refused(reason) from error
            raise Unavailable(trouble(error, self.shown)) from error

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _limited(self, connection: Connection) -> AbstractContextManager[None]:
        """Until the commit is done. SQLite waits for a lock only, and `timeout` limits that."""
        if self.is_sqlite:
            return nullcontext()
        return _ended_after(self._seconds, connection.connection.driver_connection)


@contextmanager
def _ended_after(seconds: float, connection: Any) -> Iterator[None]:
    """Close the connection's socket at the time: a server that hangs obeys no limit of its own."""
    lock, over = threading.Lock(), threading.Event()

    def end() -> None:
        with lock, suppress(Exception):  # of a connection that was closed meanwhile
            if not over.is_set():
                with socket.socket(fileno=os.dup(connection.fileno())) as same:
                    same.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            over.set()


def shown(url: URL) -> str:
    """The database in words, without user and password."""
    if url.get_backend_name() == "sqlite":
        return f"The SQLite file {url.database}"
    host = f"{url.host or 'this host'}{f':{url.port}' if url.port else ''}"
    return f"The PostgreSQL database {url.database or url.username} at {host}"


def _as_json(value: Any) -> str:
    return json_text.dumps(value).decode()


def _without_own_transactions(connection: Any, _record: Any) -> None:
    """Python's driver would begin a transaction only at the first write."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")  # readers do not stop the sink
    connection.execute("PRAGMA synchronous = FULL")  # the cursor is saved after the commit


def _begin_at_once(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # a lock, so that what is read stays true
