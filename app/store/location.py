"""Where the tables are: an engine of our own, an endpoint, or AWS; a data folder has one owner.

A server owns its data folder in every case; other commands use what runs there.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.observability.logs import masked
from app.store.coordination.checkpoints import Checkpoints
from app.store.dynamodb.client import connect
from app.store.dynamodb.tables import TableNames
from app.store.engine import EmbeddedEngine, find_running
from app.store.engine.data_folder import DataFolder
from app.store.engine.lock import hold, is_held


@dataclass(frozen=True, slots=True)
class Place:
    """An endpoint (None: AWS), and the embedded engine behind it, if that is what it is.

    `folder` is the identity of the data folder that is owned here, None where none is.
    """

    endpoint: str | None
    engine: EmbeddedEngine | None = None
    folder: str | None = None

    @property
    def name(self) -> str:
        """What holds the tables, in words; never with credentials in it."""
        if self.engine is not None:
            return "embedded engine"
        return (
            "DynamoDB on AWS" if self.endpoint is None else masked(f"DynamoDB at {self.endpoint}")
        )

    def problem(self) -> str | None:
        """What is wrong with the embedded engine; None where it is well or not ours."""
        if self.engine is None or self.engine.healthy():
            return None
        return "the embedded engine does not answer; it is being started again"


@contextmanager
def owned(dynamodb: str, data_dir: Path, names: TableNames) -> Iterator[Place]:
    """The place for a server: its data folder is its own until the block ends.

    Raises:
        EngineError: the folder is held by another process, or the engine cannot be run.

    """
    folder = DataFolder.at(data_dir)
    if dynamodb == "embedded":

        def positions(url: str) -> Mapping[tuple[str, str], int]:
            return checkpointed(url, names)

        with EmbeddedEngine(data_dir, positions=positions) as engine:
            yield Place(engine.url, engine, _identity(folder))
        return
    with folder.explained():
        folder.make()
    with hold(folder.lock):
        yield Place(None if dynamodb == "aws" else dynamodb, None, _identity(folder))


def _identity(folder: DataFolder) -> str:
    with folder.explained():
        return folder.identity()


@contextmanager
def shared(dynamodb: str, data_dir: Path, names: TableNames) -> Iterator[Place]:
    """The place for a command: what a server runs on the data folder, or else an own engine."""
    running = find_running(data_dir) if dynamodb == "embedded" else None
    if running is not None:
        yield Place(running.url)
    elif dynamodb == "embedded":
        with owned(dynamodb, data_dir, names) as place:
            yield place
    else:
        yield Place(None if dynamodb == "aws" else dynamodb)


def in_use(data_dir: Path) -> bool:
    """Whether a server owns the data folder.

    Raises:
        EngineError: the folder cannot be read.

    """
    folder = DataFolder.at(data_dir)
    with folder.explained():
        return is_held(folder.lock)


def checkpointed(url: str, names: TableNames) -> dict[tuple[str, str], int]:
    """{(products table, shard): lowest position of all consumers}: what may be trimmed up to.

    The engine goes on with one log when a stream is made anew (FACTS §2), so a consumer's
    position is its furthest under any stream's name. A shard that was only taken is at 0.
    """
    furthest: dict[tuple[str, str], int] = {}
    for found in Checkpoints(connect(url).tables, names.checkpoints, consumer="").all():
        reader = (found.consumer, found.shard_id)
        furthest[reader] = max(furthest.get(reader, 0), found.position)
    lowest: dict[tuple[str, str], int] = {}
    for (_, shard_id), position in furthest.items():
        shard = (names.products, shard_id)
        lowest[shard] = min(lowest.get(shard, position), position)
    return lowest
