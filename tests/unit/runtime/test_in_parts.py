"""A long sequence is read a part at a time, and results come in its order."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from app.runtime.in_parts import in_threads, parts


def test_parts_have_the_size_except_the_last() -> None:
    assert list(parts(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(parts([], 2)) == []


def test_no_more_things_are_read_than_are_processed_at_once() -> None:
    read: list[int] = []

    def endless() -> Iterator[int]:
        for number in count():
            read.append(number)
            yield number

    with ThreadPoolExecutor(2) as threads:
        results = in_threads(threads, lambda number: number * 10, endless(), 4)
        assert [next(results) for _ in range(4)] == [0, 10, 20, 30]
        assert read == [0, 1, 2, 3]
        assert next(results) == 40


def test_error_is_raised_where_its_result_would_be() -> None:
    with ThreadPoolExecutor(2) as threads:
        results = in_threads(threads, lambda number: 1 // number, [1, 0], 4)
        assert next(results) == 1
        with pytest.raises(ZeroDivisionError):
            next(results)
