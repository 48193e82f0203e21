"""Each response of a receiver means one thing: accepted, rejected, try again, or pause."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.notifications.channels.webhook.webhook_answers import described, retry_after
from tests.support.builders import NOON, an_event
from tests.support.http.receiver import SECRET, Receiver, receiving
from worker.consumers.sink import PauseSink, Unavailable
from worker.sinks.webhook import Webhook, webhook


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def hook(receiver: Receiver) -> Iterator[Webhook]:
    with webhook(receiver.url, SECRET, "Products") as opened:
        yield opened


@pytest.fixture(autouse=True)
def plain(receiver: Receiver) -> None:
    receiver.headers = {}


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_accepts(hook: Webhook, receiver: Receiver, status: int) -> None:
    receiver.status = status
    assert hook.deliver([an_event()]) == []


REFUSED = [400, 401, 402, 403, 404, 405, 406, 407, 409, 411, 413, 415, 421, 422, 426, 431, 451, 499]


@pytest.mark.parametrize("status", REFUSED)
def test_a_client_error_rejects_the_event(hook: Webhook, receiver: Receiver, status: int) -> None:
    receiver.status = status
    event = an_event()
    ((rejected, error),) = hook.deliver([event])
    assert rejected == event
    assert error == f"the webhook answered {described(status)}"


RETRIED = [
    *(301, 302, 303, 304, 307, 308),
    *(408, 425, 429),
    *(500, 501, 502, 503, 504, 505, 511, 520, 599),
]


@pytest.mark.parametrize("status", RETRIED)
def test_any_other_status_is_retried(hook: Webhook, receiver: Receiver, status: int) -> None:
    receiver.status = status
    with pytest.raises(Unavailable, match=f"^the webhook answered {status}") as error:
        hook.deliver([an_event()])
    assert (error.value.retry_after, error.value.delivered) == (None, 0)


def test_410_pauses_the_sink(hook: Webhook, receiver: Receiver) -> None:
    receiver.status = 410
    with pytest.raises(PauseSink) as error:
        hook.deliver([an_event()])
    assert str(error.value) == "the webhook answered 410 Gone"
    assert error.value.delivered == 0


def test_a_redirect_is_reported_and_not_followed(hook: Webhook, receiver: Receiver) -> None:
    receiver.status, receiver.headers = 308, {"Location": receiver.url + "/new?x=1"}
    sent = len(receiver.received)
    with pytest.raises(Unavailable) as error:
        hook.deliver([an_event()])
    assert f"redirects to {receiver.url}/new are not followed" in str(error.value)
    assert len(receiver.received) == sent + 1


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(hook: Webhook, receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {"Retry-After": "120"}
    with pytest.raises(Unavailable) as error:
        hook.deliver([an_event()])
    assert error.value.retry_after == 120


def test_retry_after_as_a_date_is_obeyed(hook: Webhook, receiver: Receiver) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    receiver.status, receiver.headers = 503, {"Retry-After": format_datetime(moment, usegmt=True)}
    with pytest.raises(Unavailable) as error:
        hook.deliver([an_event()])
    assert error.value.retry_after == pytest.approx(89, abs=3)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("0", 0),
        (" 30 ", 30),
        ("3600", 3600),
        ("3601", 3600),
        ("9" * 5000, 3600),
        ("Tue, 03 Nov 2026 12:01:00 GMT", 60),
        ("Tuesday, 03-Nov-26 12:01:00 GMT", 60),
        ("Tue Nov  3 12:01:00 2026", 60),
        ("Tue, 03 Nov 2026 13:01:00 +0100", 60),
        ("Tue, 03 Nov 2026 11:00:00 GMT", 0),
        ("Wed, 04 Nov 2026 12:00:00 GMT", 3600),
        ("Tue, 03 Nov 99999 12:01:00 GMT", None),
    ],
)
def test_every_form_of_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOON) == seconds
