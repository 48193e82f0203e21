"""The text of a search is the query that it reads as; an error points at the place."""

from contextlib import suppress
from datetime import datetime
from math import inf, nextafter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.readmodel.events.event_query import EventQuery, Phrase, Span, Term
from app.readmodel.events.qualifiers import MOST, InvalidSearch, parse

ZONE = ZoneInfo("Europe/Berlin")


def parsed(text: str) -> EventQuery:
    return parse(text, ZONE)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_words_texts_and_qualifiers() -> None:
    query = parsed('  Cup -"damaged in"  actor:"Anna B." -Product:P-1 ')
    assert query == EventQuery(
        phrases=(Phrase("Cup"), Phrase("damaged in", is_start=False, negated=True)),
        terms=(Term("product", ("P-1",), negated=True), Term("actor", ("Anna B.",))),
    )


def test_repeated_qualifier_has_any_of_its_values_and_each_negated_one_excludes() -> None:
    query = parsed("kind:deleted kind:EXPIRED -reason:sold -reason:lost")
    assert query.terms == (
        Term("reason", ("sold",), negated=True),
        Term("reason", ("lost",), negated=True),
        Term("kind", ("deleted", "expired")),
    )


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("created:2026-03-29", Span(ms("2026-03-29T00:00+01:00"), ms("2026-03-30T00:00+02:00"))),
        ("created:>2026-01-01", Span(ms("2026-01-02T00:00+01:00"))),
        ("created:>=2026-01-01", Span(ms("2026-01-01T00:00+01:00"))),
        ("created:<2026-01-01T08:30", Span(below=ms("2026-01-01T08:30+01:00"))),
        ("created:<=2026-01-01T08:30", Span(below=ms("2026-01-01T08:31+01:00"))),
        ("created:>=2026-01-01T08:30:00Z", Span(ms("2026-01-01T08:30+00:00"))),
        ('created:"2026-01-01 08:30:05"', Span(ms("2026-01-01T08:30:05+01:00"), ms("2026-01-01T08:30:06+01:00"))),  # noqa: E501
        ("created:2026-01-01..2026-01-31", Span(ms("2026-01-01T00:00+01:00"), ms("2026-02-01T00:00+01:00"))),  # noqa: E501
        ("-created:<2026-01-01", Span(below=ms("2026-01-01T00:00+01:00"), negated=True)),
    ],
)  # fmt: skip
def test_times_are_in_the_shop_s_zone_unless_they_have_an_offset(text: str, span: Span) -> None:
    assert parsed(text).created == (span,)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("delta:5", Span(5, nextafter(5, inf))),
        ("delta:>5", Span(nextafter(5, inf))),
        ("delta:>=0.5", Span(0.5)),
        ("delta:<5", Span(below=5)),
        ("delta:<=5", Span(below=nextafter(5, inf))),
        ("-delta:5..10", Span(5, nextafter(10, inf), negated=True)),
    ],
)
def test_delta_is_a_size_without_a_sign(text: str, span: Span) -> None:
    assert parsed(text).sizes == (span,)


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("cup knd:deleted", 5, "knd:deleted: changes cannot be searched by this. They can by kind"),
        ("kind:gone", 1, "unknown kind. Known: inserted, stock_changed"),
        ("kind:internal", 1, "unknown kind"),
        ("cup -reason:stolen", 5, "unknown reason. Known: received, sold"),
        ("actor: anna", 1, "a value must follow the colon"),
        ("created:yesterday", 1, "'yesterday' is no date or time"),
        ("created:2026-02-30", 1, "'2026-02-30' is no date or time"),
        ("created:2026-02-01..", 1, "'' is no date or time"),
        ("created:2026-02-02..2026-02-01", 1, "the range ends before it begins"),
        ("created:>1..2", 1, "times are written as"),
        ("created:9999-12-31", 1, "is no date or time"),
        ("delta:-5", 1, "'-5' is no size of a stock change"),
        ("delta:1e400", 1, "'1e400' is no size of a stock change"),
        ("a " * MOST + "b", 2 * MOST + 1, "at most 32 words"),
    ],
)  # fmt: skip
def test_error_points_at_the_place_and_names_what_is_known(
    text: str, position: int, says: str
) -> None:
    with pytest.raises(InvalidSearch) as caught:
        parsed(text)
    (error,) = caught.value.extra["errors"]
    assert (error["pointer"], error["position"]) == ("?q", position)
    assert says in error["detail"]
    assert f"at character {position}" in caught.value.detail


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ('"not closed', Phrase("not closed", is_start=False)),
        (r'"a \"quoted\" word"', Phrase('a "quoted" word', is_start=False)),
        ("12:30", Phrase("12:30")),
        ("SKU-00012", Phrase("SKU-00012")),
        ('"knd:deleted"', Phrase("knd:deleted", is_start=False)),
    ],
)
def test_anything_in_quotes_is_text(text: str, phrase: Phrase) -> None:
    assert parsed(text).phrases == (phrase,)


def test_text_without_conditions_finds_everything() -> None:
    assert {parsed(text) for text in ("", "   ", '""', "-")} == {EventQuery()}


@given(st.text(alphabet='ab:-"\\ <>=.0129\n', max_size=30) | st.text(max_size=30))
def test_no_text_fails_otherwise(text: str) -> None:
    with suppress(InvalidSearch):
        parsed(text)
