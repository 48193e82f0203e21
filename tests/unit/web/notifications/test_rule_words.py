"""Rules in a shop manager's words, and what a Watch button makes of a search."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.core.rules.rule import Recipient, Rule, What, When
from app.web.pages.notifications import watch_presets
from app.web.pages.notifications.rule_fields import document_of, field_of, fields_of, row_numbers
from app.web.pages.notifications.rule_words import (
    behind_text,
    limits_of,
    search_text,
    what_text,
    when_text,
)
from app.web.schemas.rules.rule_patches import document_of as api_document

FULL = What(
    kinds=("deleted", "stock_changed"),
    alerts=("out", "low"),
    trouble=True,
    product_ids=("P1", "P2", "P3", "P4"),
    categories=("Cups & more",),
    actors=("ann",),
    reasons=("sold", "lost"),
    min_delta=Decimal("2.50"),
    crosses=Decimal(0),
    search="q=blue+mug&low=true&category=&max_stock=9&colour=x",
)


def test_what_a_rule_tells_in_words() -> None:
    assert what_text(What()) == "Every change"
    assert what_text(FULL) == "Low, out of stock, stock changed, deleted, trouble with Stockpulse"
    assert limits_of(What()) == []
    assert limits_of(FULL) == [
        "products P1, P2, P3 and 1 more",
        "category Cups & more",
        "found by “blue mug”, low, category , stock up to 9",
        "changed by ann",
        "reason sold, lost",
        "at least 2.5 units",
        "stock passes 0",
    ]
    assert search_text("low=false") == ""


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (When(), "At once"),
        (When("digest", 1), "Every minute"),
        (When("digest", 90), "Every 90 minutes"),
        (When("digest", 60), "Every hour"),
        (When("digest", 720), "Every 12 hours"),
        (
            When("daily", at="07:05", quiet_from="22:00", quiet_to="06:00"),
            "Daily at 07:05, not from 22:00 to 06:00",
        ),
        (When(quiet_from="22:00"), "At once"),
    ],
)
def test_when_a_rule_sends_in_words(when: When, text: str) -> None:
    assert when_text(when) == text


@pytest.mark.parametrize(
    ("seconds", "count", "text"),
    [(5, 1, "1 waits"), (61, 2, "2 wait, for 1 min"), (7300, 1200, "1,200 wait, for 2 h")],
)
def test_how_far_behind_in_words(seconds: int, count: int, text: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert behind_text(count, int((now.timestamp() - seconds) * 1000), now) == text


def test_a_rule_survives_its_form() -> None:
    recipients = (Recipient("browser", "*"), Recipient("webhook", "secret:HOOK"))
    when = When("digest", 30, quiet_from="22:00", quiet_to="06:00")
    rule = Rule("r", "All", FULL, recipients, when, enabled=False, version=7)
    sent = document_of(fields_of(rule))
    stored = api_document(rule)
    stored["what"] |= {"min_delta": "2.5", "crosses": "0"}
    stored["what"] |= {"kinds": ["stock_changed", "deleted"], "alerts": ["low", "out"]}
    stored["recipients"][0]["address"] = "everyone"
    del stored["when"]["at"]  # of the mode that is not chosen
    assert sent == stored


def test_rows_and_pointers_are_of_the_filled_addresses() -> None:
    fields = {"channel_1": "email", "address_1": "", "channel_3": "sns", "address_3": "arn"}
    assert row_numbers(fields, ["sns"]) == [1, 2, 3, 4, 5]
    assert row_numbers(fields | {"more": "yes"}, ["sns"]) == [1, 2, 3, 4, 5, 6, 7]
    assert row_numbers({}, []) == []
    full = {f"{name}_{n}": "x" for n in range(1, 61) for name in ("channel", "address")}
    assert row_numbers(full, ["sns"])[-1] == 50
    assert field_of("/recipients/0/address", fields) == "address_3"
    assert field_of("/recipients/4/address", fields) == "recipients"
    assert field_of("/recipients", fields) == "recipients"
    assert field_of("/what/min_delta", fields) == "min_delta"
    assert field_of("/what/categories/3", fields) == "categories"
    assert field_of("/what", fields) == "kinds"
    assert field_of("/when/quiet_to", fields) == "quiet_to"


def test_search_of_the_audit_becomes_a_rule_as_far_as_it_can() -> None:
    q = 'kind:deleted kind:gap actor:"Ann B" outside:true product:P1 delta:>=2.5'
    watched = watch_presets.of_view("V", q)
    assert watched.left_out == ()
    assert watched.fields == {
        "name": "V",
        "kind_deleted": "yes",
        "kind_gap": "yes",
        "actors": "Ann B\noutside",
        "product_ids": "P1",
        "min_delta": "2.5",
    }
    rest = watch_presets.of_view(
        "V", "-actor:x delta:>2 delta:<=3 created:>2026-01-01 word kind:no"
    )
    assert rest.fields == {"name": "V"}
    assert len(rest.left_out) == 6
