"""The fill copies every page into one file, also if the file is replaced meanwhile."""

import threading
from typing import Any

from app.core.item import DEFAULT_NAMES
from app.readmodel.fill import Fill
from tests.unit.readmodel.kit import Copy, product


class Table:
    """Scans of five items, one a page; `on_page` is called before the page with its number."""

    def __init__(self) -> None:
        self.on_page: Any = lambda _number: None

    def describe_table(self, **_: Any) -> Any:
        return {"Table": {"ItemCount": 5}}

    def scan(self, **given: Any) -> Any:
        start = given.get("ExclusiveStartKey", {"ProductID": {"S": "P-1"}})
        number = int(start["ProductID"]["S"].removeprefix("P")) + 1
        self.on_page(number)
        last = {} if number == 4 else {"LastEvaluatedKey": {"ProductID": {"S": f"P{number}"}}}
        return {"Items": [product(f"P{number}")], **last}


def test_replaced_file_is_filled_from_the_beginning(copy: Copy) -> None:
    table: Any = Table()
    fill = Fill(table, "Products", DEFAULT_NAMES, copy.database)
    stop = threading.Event()

    def replace(number: int) -> None:
        if number == 3:
            table.on_page = lambda _number: None
            copy.database.replace()

    table.on_page = replace
    fill.run(stop, copy.database.made)
    assert not fill.is_done
    assert copy.ids() == []
    fill.run(stop, copy.database.made)
    assert fill.is_done
    assert copy.ids() == [f"P{number}" for number in range(5)]
    copy.database.replace()
    assert not fill.is_done


def test_fill_goes_on_where_an_earlier_process_stopped(copy: Copy) -> None:
    table: Any = Table()
    stop = threading.Event()
    table.on_page = lambda number: stop.set() if number == 2 else None
    Fill(table, "Products", DEFAULT_NAMES, copy.database).run(stop, copy.database.made)
    pages: list[int] = []
    table.on_page = pages.append
    again = Fill(table, "Products", DEFAULT_NAMES, copy.database)
    assert not again.is_done
    again.run(threading.Event(), copy.database.made)
    assert pages == [3, 4]
    assert Fill(table, "Products", DEFAULT_NAMES, copy.database).is_done
