"""The tables are in an embedded engine, at an endpoint, or on AWS; a data folder has one owner.

A server always owns its data folder. Other commands use the engine that runs there.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from app.observability.logs import masked
from app.store.coordination.checkpoints import Checkpoints
from app.store.dynamodb.aws_session import Session, embedded_session, session_for
from app.store.dynamodb.client import Clients, connect
from app.store.dynamodb.table_names import TableNames
from app.store.engine import EmbeddedEngine, find_running
from app.store.engine.data_folder import DataFolder
from app.store.engine.lock import hold, is_held


@dataclass(frozen=True, slots=True)
class Place:
    """An endpoint (None: AWS) with its session, and the embedded engine that this process runs.

    `folder` is the identity of the data folder that this process owns; None if it owns none.
    """

    endpoint: str | None
    session: Session
    engine: EmbeddedEngine | None = None
    folder: str | None = None

    @property
    def kind(self) -> str:
        """What the store is, for everyone: it does not say where."""
        return "DynamoDB" if self.engine is None else "embedded engine"

    @property
    def name(self) -> str:
        """What and where the store is, without credentials."""
        if self.engine is not None:
            return self.kind
        where = "on AWS" if self.endpoint is None else f"at {self.endpoint}"
        credentials = ", placeholder credentials" if self.session.placeholder else ""
        return masked(f"DynamoDB {where} (region {self.session.region}{credentials})")

    def connect(self) -> Clients:
        """Clients for this store."""
        return connect(self.endpoint, session=self.session)

    def problem(self) -> str | None:
        """What is wrong with the embedded engine; None if it is healthy or not used."""
        if self.engine is None or self.engine.healthy():
            return None
        return "the embedded engine does not answer; it is being restarted"


@contextmanager
def owned(dynamodb: str, data_dir: Path, names: TableNames) -> Iterator[Place]:
    """The store for a server, which owns its data folder until the block ends.

    Raises:
        EngineError: another process owns the folder, or the engine cannot be run.
        AWSNotSetUp: region or credentials are missing or cannot be used.

    """
    folder = DataFolder.at(data_dir)
    if dynamodb == "embedded":

        def positions(url: str) -> Mapping[tuple[str, str], int]:
            return checkpointed(url, names)

        with EmbeddedEngine(data_dir, positions=positions) as engine:
            yield Place(engine.url, embedded_session(), engine, _identity(folder))
        return
    place = _elsewhere(dynamodb)
    with folder.explained():
        folder.make()
    with hold(folder.lock):
        yield replace(place, folder=_identity(folder))


def _elsewhere(dynamodb: str) -> Place:
    endpoint = None if dynamodb == "aws" else dynamodb
    return Place(endpoint, session_for(endpoint))


def _identity(folder: DataFolder) -> str:
    with folder.explained():
        return folder.identity()


@contextmanager
def shared(dynamodb: str, data_dir: Path, names: TableNames) -> Iterator[Place]:
    """The store for a command: the engine that a server runs on the folder, or else its own."""
    running = find_running(data_dir) if dynamodb == "embedded" else None
    if running is not None:
        yield Place(running.url, embedded_session())
    elif dynamodb == "embedded":
        with owned(dynamodb, data_dir, names) as place:
            yield place
    else:
        yield _elsewhere(dynamodb)


def in_use(data_dir: Path) -> bool:
    """Whether a server owns the data folder.

    Raises:
        EngineError: the folder cannot be read.

    """
    folder = DataFolder.at(data_dir)
    with folder.explained():
        return is_held(folder.lock)


def checkpointed(url: str, names: TableNames) -> dict[tuple[str, str], int]:
    """{(products table, shard): lowest position of any consumer}; up to there it may be trimmed.

    The engine continues the same log when a stream is re-created under a new ARN, so a consumer's
    position is its highest under any ARN. A shard that was leased but never read is at 0.
    """
    tables = connect(url, session=embedded_session()).tables
    furthest: dict[tuple[str, str], int] = {}
    for found in Checkpoints(tables, names.checkpoints, consumer="").all():
        reader = (found.consumer, found.shard_id)
        furthest[reader] = max(furthest.get(reader, 0), found.position)
    lowest: dict[tuple[str, str], int] = {}
    for (_, shard_id), position in furthest.items():
        shard = (names.products, shard_id)
        lowest[shard] = min(lowest.get(shard, position), position)
    return lowest
