"""What a rule would have sent lately, from the copy of the events and the logs of the sink.

Trouble is written down only while a rule asks for it. What was not is in no preview, except for
gaps, which the audit has in any case.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.core.item import AttributeNames
from app.core.rules.rule import What, When
from app.notifications.matching import CHANGES, OUTSIDE, selects
from app.notifications.notice import TROUBLE, Notice
from app.notifications.schedule import CAP, next_send
from app.notifications.sources import (
    of_event,
    of_transition,
    of_trouble,
    trouble_of_gap,
    with_item,
)
from app.readmodel.events.event_query import EventQuery, Span, Term
from app.readmodel.events.event_terms import Qualifier
from app.readmodel.read_model import ReadModel
from app.store.alerts.transition_log import TransitionLog
from app.store.feed.cursor import parse_cursor
from app.store.notifications.trouble_log import TroubleLog, digest_of

DAYS = 7
SHOWN = 50  # notices
_EVENTS, _TRANSITIONS, _TROUBLES = 5_000, 1_000, 500  # that are looked at
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would have told since a time; `notices` are the newest, newest first.

    `since` is later than seven days ago where only the newest events were looked at. `messages`:
    how many each recipient would have got, roughly.
    """

    since: datetime
    until: datetime
    total: int
    messages: int
    notices: list[Notice]


class Previews:
    """Matches rules, stored ones or not, against what happened."""

    def __init__(
        self,
        model: ReadModel,
        transitions: TransitionLog,
        troubles: TroubleLog,
        names: AttributeNames,
        zone: ZoneInfo,
        cap: int = CAP,
    ) -> None:
        """`cap`: how many messages a person is sent in a minute."""
        self._model = model
        self._transitions = transitions
        self._troubles = troubles
        self._names = names
        self._zone = zone
        self._cap = cap

    def of(self, what: What, when: When, now: datetime) -> Preview:
        """What a rule would have told in the last seven days, as far as it was written down.

        Raises:
            ReadModelFilling: the copy does not have all events yet.
            StoreUnavailable: the copy or a log cannot be read now.

        """
        begin = now - timedelta(days=DAYS)
        events, events_from = self._events(what, begin)
        alerts, alerts_from = self._alerts(what, begin)
        troubles, troubles_from = self._of_trouble(what, begin)
        since = max(events_from, alerts_from, troubles_from)
        found = sorted(
            (one for one in (*events, *alerts, *troubles) if one.at_ms >= _ms(since)),
            key=lambda one: one.at_ms,
            reverse=True,
        )
        times = [datetime.fromtimestamp(one.at_ms / 1000, UTC) for one in found]
        count = messages(times, when, self._zone, self._cap)
        return Preview(since, now, len(found), count, found[:SHOWN])

    def _events(
        self, what: What, begin: datetime, whole: int = SHOWN
    ) -> tuple[list[Notice], datetime]:
        """The events that are wanted, newest first, and since when all were looked at.

        Notices beyond the first `whole` lack their events.
        """
        found: list[Notice] = []
        query, cursor, seen = _query(what, begin), None, 0
        while query is not None and seen < _EVENTS:
            page = self._model.events(query, _PAGE, "newest", cursor)
            for at, event in page.items:
                seen += 1
                notice = of_event(event, parse_cursor(at).ms, self._names)
                if notice is not None and selects(what, notice, self._names):
                    # Those that are not shown are only counted: their images would add up.
                    found.append(notice if len(found) < whole else replace(notice, event=None))
            if (cursor := page.next_cursor) is None:
                return found, begin
            oldest = page.items[-1][1].occurred_at
        return found, begin if query is None else max(begin, oldest)

    def _alerts(self, what: What, begin: datetime) -> tuple[list[Notice], datetime]:
        """The changes of alerts that are wanted, and since when all were looked at."""
        if not what.alerts:
            return [], begin
        rows = self._transitions.newest(_ms(begin), _TRANSITIONS)
        found = [one for row in rows if (one := of_transition(row)) is not None]
        if what.categories or what.search:
            items = self._model.items({one.product_id for one in found})
            found = [with_item(one, items.get(one.product_id), self._names) for one in found]
        wanted = [one for one in found if selects(what, one, self._names)]
        if len(rows) < _TRANSITIONS:
            return wanted, begin
        oldest = datetime.fromtimestamp(int(rows[-1]["ID"]["S"][:13]) / 1000, UTC)
        return wanted, max(begin, oldest)

    def _of_trouble(self, what: What, begin: datetime) -> tuple[list[Notice], datetime]:
        """The troubles that are wanted, and since when all were looked at that are known."""
        if not what.trouble:
            return [], begin
        rows = self._troubles.newest(_ms(begin), _TROUBLES)
        known = {row["ID"]["S"][14:] for row in rows}
        gaps, since = self._events(What(kinds=("gap",)), begin, _TROUBLES)
        found = [of_trouble(row) for row in rows]
        for gap in gaps:
            about, text = trouble_of_gap(gap)
            if digest_of(about, text) not in known:
                found.append(replace(gap, kind=TROUBLE, product_id="", event=None, text=text))
        if len(rows) == _TROUBLES:
            since = max(since, datetime.fromtimestamp(found[len(rows) - 1].at_ms / 1000, UTC))
        return found, since


def messages(times: Iterable[datetime], when: When, zone: ZoneInfo, cap: int = CAP) -> int:
    """How many messages notices of these times are, roughly.

    Beyond `cap` in a minute, notices that are sent at once are one digest.
    """
    at_once: Counter[datetime] = Counter()
    later = set()
    for at in times:
        due = next_send(when, at, zone)
        if due is None:
            at_once[at.replace(second=0, microsecond=0)] += 1
        else:
            later.add(due)
    return len(later) + sum(min(count, cap + 1) for count in at_once.values())


def _query(what: What, begin: datetime) -> EventQuery | None:
    """A query that finds at least the events that are wanted; None: there are none.

    `selects` has the last word: the query only spares the reading of others.
    """
    kinds = what.kinds or (() if what.alerts or what.trouble else tuple(sorted(CHANGES)))
    if not kinds:
        return None
    query = EventQuery(terms=(Term("kind", kinds),), created=(Span(_ms(begin)),))
    if "gap" in kinds:  # one of a whole shard has no product that could be restricted
        return query
    terms = tuple(Term(name, values) for name, values in _restrictions(what) if values)
    sizes = () if what.min_delta is None else (Span(float(what.min_delta)),)
    return replace(query, terms=query.terms + terms, sizes=sizes)


def _restrictions(what: What) -> Iterator[tuple[Qualifier, tuple[str, ...]]]:
    yield "product", what.product_ids
    yield "category", what.categories
    yield "reason", what.reasons
    if OUTSIDE not in what.actors:
        yield "actor", what.actors


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
