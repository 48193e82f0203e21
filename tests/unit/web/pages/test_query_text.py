"""Links of the Audit page change one condition of a search and keep the others as they are."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.readmodel.events.event_query import EventQuery, Term
from app.readmodel.events.qualifiers import parse
from app.web.pages.audit.query_text import between, chips, periods, state_of, toggled

ZONE = ZoneInfo("Europe/Berlin")


def test_each_condition_is_a_chip_that_leads_to_the_search_without_it() -> None:
    found = chips(' tea  kind:deleted -note:"a  b" ')
    assert [one.text for one in found] == ["tea", "kind:deleted", '-note:"a  b"']
    assert [one.rest for one in found] == [
        'kind:deleted -note:"a  b"',
        'tea -note:"a  b"',
        "tea kind:deleted",
    ]
    assert found[1].position == 7


def test_value_is_added_and_removed() -> None:
    q = toggled("tea", "actor", "anna", negated=False)
    assert (q, state_of(q, "actor", "anna")) == ("tea actor:anna", "wanted")
    assert toggled(q, "actor", "anna", negated=False) == "tea"


def test_excluding_a_value_replaces_asking_for_it() -> None:
    q = toggled("actor:anna tea", "actor", "anna", negated=True)
    assert (q, state_of(q, "actor", "anna")) == ("tea -actor:anna", "excluded")
    assert toggled(q, "actor", "anna", negated=False) == "tea actor:anna"


def test_condition_that_follows_an_unfinished_text_is_not_part_of_it() -> None:
    assert toggled('"broken in', "kind", "deleted", negated=False) == '"broken in" kind:deleted'


@given(value=st.text(min_size=1), q=st.sampled_from(["", "tea", '"a b', "-kind:gap"]))
def test_any_value_is_read_as_it_was_written(value: str, q: str) -> None:
    text = toggled(q, "reference", value, negated=False)
    reference = Term("reference", (value,))
    assert reference in parse(text, ZONE).terms
    assert parse(toggled(text, "reference", value, negated=False), ZONE) == parse(q, ZONE)


@pytest.mark.parametrize(
    ("first", "last", "written"),
    [
        ("2026-11-01", "2026-11-03", "tea created:2026-11-01..2026-11-03"),
        ("2026-11-01", "2026-11-01", "tea created:2026-11-01"),
        ("2026-11-01", "", "tea created:>=2026-11-01"),
        ("", "2026-11-03", "tea created:<=2026-11-03"),
        ("", "", "tea"),
    ],
)
def test_days_replace_those_of_the_search(first: str, last: str, written: str) -> None:
    assert between("created:2020-01-01 tea", first, last) == written


def test_periods_end_today_and_the_current_one_is_marked() -> None:
    found = periods("tea created:>=2026-11-22", date(2026, 11, 28))
    assert [(one.label, one.q) for one in found] == [
        ("Today", "tea created:2026-11-28"),
        ("7 days", "tea created:>=2026-11-22"),
        ("30 days", "tea created:>=2026-10-30"),
        ("Any time", "tea"),
    ]
    assert [one.label for one in found if one.is_current] == ["7 days"]


def test_wrong_day_is_left_for_the_search_to_explain() -> None:
    assert between("", "so on", "") == 'created:>="so on"'


def test_empty_search_has_no_conditions() -> None:
    assert chips("  ") == []
    assert parse(between("", "", ""), ZONE) == EventQuery()
