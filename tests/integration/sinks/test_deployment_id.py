"""A deployment's id is made once, stays, and differs from that of any other."""

from concurrent.futures import ThreadPoolExecutor

from app.config.settings import Settings
from app.store.coordination.deployment_id import deployment_id
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import table_names
from app.store.dynamodb.tables import ensure_tables


def test_all_processes_of_a_deployment_get_one_id(settings: Settings) -> None:
    names = table_names(settings.table_prefix, None)
    client = connect(settings.dynamodb).tables
    ensure_tables(client, names, settings.attributes)
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(deployment_id, client, names.checkpoints, "stockpulse") for _ in range(8)
        ]
        (identifier,) = {one.result() for one in asked}
    assert len(identifier) == 32
    assert deployment_id(client, names.checkpoints, "stockpulse") == identifier
    assert deployment_id(client, names.checkpoints, "another") != identifier
