"""A preview has the trouble that was written down, and gaps in any case."""

from datetime import timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from app.core.events import RESERVED, ChangeEvent
from app.core.item import DEFAULT_NAMES
from app.core.rules.rule import What, When
from app.notifications.desk.preview import Previews
from app.notifications.sources import of_event, trouble_of_gap
from app.readmodel.events.event_lists import EventPage
from app.readmodel.read_model import ReadModel
from app.store.alerts.transition_log import TransitionLog
from app.store.notifications.trouble_log import TroubleLog, digest_of
from tests.support.builders import NOON, NOON_MS, a_cursor, an_event

OF_PRODUCT = an_event(1, kind="gap", note="two changes are missing")
OF_SHARD = an_event(2, kind="gap", product_id=f"{RESERVED}shard", note=None)


class Stored:
    """The copy of the events, and the log of troubles."""

    def __init__(self, events: list[ChangeEvent], lines: list[tuple[str, str]]) -> None:
        self._events = events
        self._rows = [
            {"ID": {"S": f"{NOON_MS - 5000:013d}-{digest_of(*line)}"}, "Text": {"S": line[1]}}
            for line in lines
        ]

    def events(self, *_: Any) -> EventPage:
        return EventPage([(str(a_cursor(3)), one) for one in self._events], None)

    def newest(self, *_: Any) -> list[Any]:
        return self._rows


def previewed(what: What, stored: Stored) -> list[tuple[str, str]]:
    previews = Previews(
        cast("ReadModel", stored),
        cast("TransitionLog", stored),
        cast("TroubleLog", stored),
        DEFAULT_NAMES,
        ZoneInfo("UTC"),
    )
    found = previews.of(what, When(), NOON + timedelta(hours=1))
    return [(one.kind, one.text) for one in found.notices]


@pytest.mark.parametrize("noted", [False, True])
def test_a_gap_is_trouble_once_whether_it_was_written_down_or_not(*, noted: bool) -> None:
    notice = of_event(OF_PRODUCT, NOON_MS)
    assert notice is not None
    silent = ("worker w1", "A worker has been silent")
    lines = [silent, *([trouble_of_gap(notice)] if noted else [])]
    told = previewed(What(trouble=True), Stored([OF_PRODUCT, OF_SHARD], lines))
    assert sorted(told) == [
        ("trouble", "A worker has been silent"),
        ("trouble", "Changes may be missing: the stream has a gap"),
        ("trouble", "Changes of P1 may be missing: two changes are missing"),
    ]


def test_a_rule_about_gaps_has_them_as_gaps() -> None:
    stored = Stored([OF_PRODUCT, OF_SHARD], [("worker w1", "A worker has been silent")])
    told = previewed(What(kinds=("gap",)), stored)
    assert told == [("gap", ""), ("gap", "Changes of some products may be missing")]
