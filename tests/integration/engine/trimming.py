"""Helpers for trimming: make records old, and start an engine that trims them."""

from collections.abc import Mapping
from pathlib import Path

from app.store.engine import EmbeddedEngine
from tests.integration.engine.kit import call, shard_of, sql

DAY = 24 * 3600
PRODUCTS = ("Products", shard_of("Products"))


def age(file: Path, upto: int, table: str = "Products", by: int = DAY + 60) -> None:
    """Make the records up to a sequence number `by` seconds older."""
    change = (
        "UPDATE _stream_records SET created_at = created_at - ? "
        "WHERE table_name = ? AND CAST(sequence_number AS INTEGER) <= ?"
    )
    sql(file, change, by, table, upto)


class Checkpoints:
    """The consumers' positions, and how often they were requested."""

    def __init__(self, positions: Mapping[tuple[str, str], int]) -> None:
        self.positions = positions
        self.asked = 0

    def __call__(self, url: str) -> Mapping[tuple[str, str], int]:
        assert "Products" in call(url, "ListTables")["TableNames"], "read through the engine"
        self.asked += 1
        return self.positions


def start(file: Path, positions: Mapping[tuple[str, str], int]) -> Checkpoints:
    checkpoints = Checkpoints(positions)
    with EmbeddedEngine(file.parent, positions=checkpoints):
        pass
    return checkpoints
