"""Each notice is one sentence on one line, whatever the names and notes in it contain."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.notifications.notice import Notice
from app.notifications.texts.sentences import headline, sentence, subject
from tests.support.builders import NOON, an_event
from tests.support.messages.notifying import a_message, an_alert, of_event


def _told(**fields: Any) -> str:
    return sentence(of_event(an_event(**fields)))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "Blue mug (P1) stock changed: 12 → 9 (−3), sold by ada."),
        ({"note": "two boxes", "unit": "kg"},
         "Blue mug (P1) stock changed: 12 → 9 kg (−3), sold by ada — two boxes."),
        ({"actor": None, "reason": None, "product_name": None},
         "P1 stock changed: 12 → 9 (−3) outside Stockpulse."),
        ({"kind": "inserted", "stock_before": None, "stock_after": Decimal(50), "reason": None,
          "event_name": "INSERT"},
         "Blue mug (P1) was added: 50 in stock by ada."),
        ({"kind": "deleted", "stock_after": None, "event_name": "REMOVE", "reason": "correction"},
         "Blue mug (P1) was deleted: last stock 12, correction by ada."),
        ({"kind": "updated", "stock_after": 12, "changed": ("Price", "A", "B", "C"),
          "reason": None},
         "Blue mug (P1) was edited: Price, A, B and 1 more by ada."),
        ({"kind": "gap", "actor": None, "reason": None, "note": "between two and three"},
         "Blue mug (P1) changes may be missing — between two and three."),
    ],
)  # fmt: skip
def test_an_event_is_told_with_who_and_why(fields: dict[str, Any], text: str) -> None:
    assert _told(**fields) == text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "Blue mug (P1) is low: 3 in stock, to reorder at 5."),
        ({"kind": "out", "stock": Decimal(0)}, "Blue mug (P1) is out of stock."),
        ({"kind": "negative", "stock": Decimal(-2), "point": None},
         "Blue mug (P1) has a negative stock: -2 in stock."),
        ({"kind": "back_in_stock", "stock": Decimal(12), "point": None},
         "Blue mug (P1) is back in stock: 12 in stock."),
        ({"stock": None}, "Blue mug (P1) is low."),
    ],
)  # fmt: skip
def test_an_alert_is_told_with_the_stock(fields: dict[str, Any], text: str) -> None:
    assert sentence(an_alert(**fields)) == text


def test_a_digest_adds_the_stock_of_now_where_it_differs() -> None:
    now = replace(of_event(), stock=Decimal(14))
    assert sentence(now).endswith("sold by ada; now 14 in stock.")


def test_trouble_is_its_own_sentence() -> None:
    notice = Notice("t1", "trouble", NOON, 0, text="The worker is silent.\nIt may be stopped.")
    assert sentence(notice) == "The worker is silent. It may be stopped."


def test_names_cannot_add_lines_or_grow_without_bound() -> None:
    notice = an_alert(product_name="Mug\r\nBcc: all@shop.example\u2028\x1b[31m" + "x" * 5000)
    text = headline(notice)
    assert text.isprintable()
    assert len(text) < 250
    assert text.startswith("Mug Bcc: all@shop.example [31mxxx")


def test_the_subject_is_the_only_notice_or_the_count() -> None:
    assert subject(a_message()) == "Blue mug (P1) is low: 3 in stock, to reorder at 5"
    assert subject(a_message(an_alert(1), an_alert(2), folded=3)) == "5 changes: Low stock"
    assert subject(a_message(folded=1)) == "2 changes: Low stock"
    assert subject(a_message(is_test=True)) == "Test of “Low stock”"
