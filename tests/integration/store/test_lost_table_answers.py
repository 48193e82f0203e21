"""Tables are created even if responses are lost or several processes create them at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.core.item import DEFAULT_NAMES
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import table_names
from app.store.dynamodb.tables import ensure_tables, stream_of
from tests.support.http.lossy import lossy


def test_tables_are_created_although_responses_are_lost(endpoint: str, tmp_path: Path) -> None:
    names = table_names(f"{tmp_path.name}-", None)
    calls = ("CreateTable", "UpdateTimeToLive")
    with lossy(endpoint, share=0.4, seed=2, operations=calls) as (url, proxy):
        ensure_tables(connect(url).tables, names, DEFAULT_NAMES)
        assert proxy.swallowed > 3
    assert stream_of(connect(endpoint).tables, names.products).view_type == "NEW_AND_OLD_IMAGES"


def test_processes_can_create_the_same_tables_at_once(endpoint: str, tmp_path: Path) -> None:
    names = table_names(f"{tmp_path.name}-", None)

    def start(_: int) -> None:
        ensure_tables(connect(endpoint).tables, names, DEFAULT_NAMES)

    with ThreadPoolExecutor(4) as processes:
        list(processes.map(start, range(4)))
