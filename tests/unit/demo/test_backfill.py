"""Past changes arrive in batches, those of the last hour one by one."""

from datetime import UTC, datetime, timedelta

from app.demo.history.backfill import batches
from app.store.feed.feed import ROW_LIMIT

HOUR_AGO = datetime(2026, 1, 2, 12, tzinfo=UTC)


def test_records_of_the_last_hour_are_not_batched_with_earlier_ones() -> None:
    minutes = [*range(-ROW_LIMIT - 1, 0), 0, 7]
    records = [
        {"dynamodb": {"ApproximateCreationDateTime": HOUR_AGO + timedelta(minutes=minute)}}
        for minute in minutes
    ]
    found = list(batches(iter(records), HOUR_AGO))
    assert [len(batch) for batch in found] == [ROW_LIMIT, 1, 1, 1]
    assert [record for batch in found for record in batch] == records
