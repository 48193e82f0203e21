"""A row gives back its event, and boundaries follow from cursors."""

import io
import random
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from app.store.feed.cursor import Cursor
from app.store.feed.feed import FeedRow
from app.store.timeline.arrivals import Arrivals
from app.store.timeline.batch import Entry
from tests.support.builders import NOON, an_event, an_item
from tests.unit.store.timeline.building import cursor
from worker.consumers.files.windows import WINDOW_MS, window_end, window_start
from worker.sinks.archive.directory import Directory
from worker.sinks.archive.files import ArchiveFiles, reading, writer_of
from worker.sinks.archive.names import (
    Format,
    first_in,
    folder_of,
    may_cover,
    name_of,
    redriven_name,
)
from worker.sinks.archive.ndjson import NDJSONReader
from worker.sinks.archive.parquet import ParquetReader
from worker.sinks.archive.rows import LINK, event_in, row_of

IMAGE = an_item(
    "P1",
    Remark="half an emoji \ud83d",
    Price={"N": "0.10000000000000000000000000000000000001"},
    Photo=b"\x00\xff",
    Codes={"BS": [b"\x01", b"\x02"]},
    Nested={"M": {"a": {"L": [{"NULL": True}, {"B": b"\x7f"}]}}},
)
EVENT = an_event(
    product_name="half \ud83d",
    before=IMAGE,
    after=IMAGE,
    stock_before=Decimal("1E125"),
    stock_after=Decimal("-0.1"),
    occurred_at=NOON + timedelta(microseconds=1999),
)


@pytest.mark.parametrize("form", ["parquet", "ndjson"])
def test_a_file_gives_back_its_events(form: Format) -> None:
    """Half an emoji cannot stand in a file, but an image has it as an escape."""
    file, first, end = io.BytesIO(), cursor(5), cursor(9, 3)
    file.close, closed = lambda: None, file.close  # type: ignore[method-assign]
    writer = writer_of(form, file)
    writer.add([row_of(first, EVENT)])
    writer.add([row_of(end, an_event(2, before=None, after=None, images_omitted=True))])
    writer.close(first, end)
    kinds = {"parquet": ParquetReader, "ndjson": NDJSONReader}
    reader = kinds[form](file)
    assert reader.end() == end
    read = [event_in(row) for row in reader.rows()]
    shown = replace(EVENT, product_name="half ?", occurred_at=NOON + timedelta(milliseconds=1))
    assert read[0] == shown
    assert read[1] == an_event(
        2,
        before=None,
        after=None,
        images_omitted=True,
        stock_before=Decimal(12),
        stock_after=Decimal(9),
    )
    (chosen,) = kinds[form](file).some([1], LINK)
    assert chosen["event_key"] == read[1].event_key
    assert [one[0] for one in kinds[form](file).choosing()] == ["P1", "P1"]
    closed()


@pytest.mark.parametrize("form", ["parquet", "ndjson"])
def test_a_torn_file_is_an_error_and_not_fewer_events(form: Format) -> None:
    file = io.BytesIO()
    file.close = lambda: None  # type: ignore[method-assign]
    writer = writer_of(form, file)
    writer.add([row_of(cursor(n), an_event(n)) for n in range(100)])
    writer.close(cursor(0), cursor(99))
    torn = io.BytesIO(file.getvalue()[:-9])
    with pytest.raises((ValueError, OSError)):
        list(ParquetReader(torn).rows() if form == "parquet" else NDJSONReader(torn).rows())


def test_names_say_the_day_the_hour_and_the_first_cursor() -> None:
    first = Cursor(1_764_273_600_123, "0000abcd", 7)
    name = name_of(first, "parquet")
    assert name == "day=2025-11-27/hour=20/1764273600123-0000abcd-007.parquet"
    assert first_in(name) == first
    assert folder_of(first.ms) == "day=2025-11-27/hour=20"
    redriven = redriven_name([an_event(2), an_event(1)], "ndjson")
    assert redriven == redriven_name([an_event(1), an_event(2)], "ndjson")
    assert first_in(redriven) is None
    assert first_in("day=2025-11-27/hour=20/notes.txt") is None


def test_a_file_covers_only_arrivals_of_its_own_five_minutes() -> None:
    start = window_start(1_764_273_600_123)
    names = [name_of(Cursor(ms, "0000abcd", 0), "parquet") for ms in (start - 1, start + 5)]
    assert may_cover(names, Cursor(start + 9, "0000abcd", 0)) == names[1]
    assert may_cover(names, Cursor(start + 4, "0000abcd", 0)) is None
    assert (window_end(start), window_end(start + WINDOW_MS - 1)) == (start + WINDOW_MS,) * 2


def test_arrivals_go_on_in_the_middle_of_a_row_and_end_before_a_time() -> None:
    rows = [
        FeedRow(cursor(ms), tuple((f"p{ms}-{n}", "k") for n in range(3))) for ms in range(100, 600)
    ]
    reads: list[Cursor] = []

    def rows_after(place: Cursor, most: int) -> list[FeedRow]:
        reads.append(place)
        return [row for row in rows if row.cursor > place][:most]

    arrivals = Arrivals(rows_after, cursor(100, 1), 500)
    some = arrivals.take(4, 10_000)
    assert [one.cursor for one in some] == [cursor(100, 2), *(cursor(101, n) for n in range(3))]
    assert [one.cursor.ms for one in arrivals.take(100, 103)] == [102] * 3, "a window ends here"
    arrivals.skip_to(cursor(200, 0))
    assert arrivals.peek() is not None
    assert len(arrivals.take(10_000, 10_000)) == 2 + 299 * 3
    assert arrivals.peek() is None
    assert len(reads) == 2


@pytest.mark.parametrize("form", ["parquet", "ndjson"])
def test_large_images_do_not_fill_the_memory(form: Format, tmp_path: Path) -> None:
    """A file of 30 MB is written in parts of about 8 MB."""
    place, chance = Directory(tmp_path), random.Random(1)
    image = an_item(Text=chance.randbytes(150_000).hex())
    tracemalloc.start()
    try:
        with ArchiveFiles(place, form, lambda event: event, lambda: None).file(cursor(1)) as file:
            for n in range(50):
                file.add([Entry(cursor(1, n), an_event(n, before=image, after=image))])
            assert file.close(cursor(1, 49)) == cursor(1, 49)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    with reading(place, next(iter(place.names()))) as reader:
        assert sum(1 for _ in reader.choosing()) == 50
    assert peak < 20_000_000
