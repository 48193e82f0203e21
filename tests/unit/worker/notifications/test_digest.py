"""What a digest leaves out, and the id by which a repeat is known."""

from dataclasses import replace

from app.store.alerts.alert import Alert, AlertState, ProductAlerts
from app.store.alerts.levels import AlertKind
from tests.unit.worker.notifications.noticing import ANN, a_rule, entry
from worker.notifications.messages.digest import latest_alerts, still_matters
from worker.notifications.messages.sending import digest_id


def alerts(**states: AlertState) -> ProductAlerts:
    found: dict[AlertKind, Alert] = {
        kind: Alert(kind, 1, state, 0, 0, "")
        for kind, state in states.items()  # type: ignore[misc]
    }
    return ProductAlerts("p", alerts=found)


def test_alerts_that_are_over_or_taken_care_of_are_left_out() -> None:
    assert still_matters("low", alerts(low="open"))
    for state in ("acknowledged", "snoozed", "ordered", "resolved"):
        assert not still_matters("low", alerts(low=state))  # type: ignore[arg-type]
    assert not still_matters("low", alerts(out="open"))
    assert still_matters("back_in_stock", alerts(out="resolved", low="open"))
    assert not still_matters("back_in_stock", alerts(out="open"))


def test_of_an_alert_that_opened_twice_the_last_opening_is_told() -> None:
    notices = [replace(entry(n).notice, kind="low") for n in (1, 2)] + [entry(3).notice]
    assert [one.id for one in latest_alerts(notices)] == ["n2", "n3"]


def test_a_digest_of_the_same_notices_has_the_same_id() -> None:
    rule, notices = a_rule(), [entry(n).notice for n in (1, 2, 3)]
    first = digest_id(rule, ANN, notices, 5)
    assert digest_id(rule, ANN, list(notices), 5) == first
    assert digest_id(rule, ANN, notices, 6) != first
    assert digest_id(rule, ANN, notices[:2], 5) != first
    assert digest_id(replace(rule, id="r2"), ANN, notices, 5) != first
