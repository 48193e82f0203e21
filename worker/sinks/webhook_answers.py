"""What an answer to a webhook call means; a wrong URL or secret never costs an event.

Only an answer that can mean nothing but this one event rejects it. Whatever can be a wrong setting
(a wrong path, a wrong secret, a redirect) keeps the events waiting: the lag grows, and the error is
shown. Many receivers answer 400 to a signature that they cannot verify, so 400 waits, too: an event
that fails alone while others are accepted becomes a dead letter after its retries.
"""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from app.config.addresses import without_query
from app.runtime.http_post import Answer
from worker.consumers.sink import PauseSink, Unavailable

LONGEST_WAIT = 3600.0  # seconds that a Retry-After is obeyed for

_REFUSES_THE_EVENT = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
_ASKS_FOR_PATIENCE = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


def rejection(answer: Answer, now: datetime) -> str | None:
    """None where the event was accepted; else why it never will be.

    Raises:
        Unavailable: the event shall come again.
        PauseSink: the receiver wants no more events.

    """
    status = answer.status
    if 200 <= status < 300:
        return None
    reason = f"the webhook answered {described(status)}"
    if status == HTTPStatus.GONE:
        raise PauseSink(reason)
    if status in _REFUSES_THE_EVENT:
        return reason
    if 300 <= status < 400:
        raise Unavailable(reason + _redirect(answer.headers.get("location")))
    wait = None
    if status in _ASKS_FOR_PATIENCE:
        wait = retry_after(answer.headers.get("retry-after"), now)
    raise Unavailable(reason, retry_after=wait)


def described(status: int) -> str:
    """A status as people know it: `503 Service Unavailable`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for, at most an hour; None where it has none."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return LONGEST_WAIT if len(text) > 9 else min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return min(max(math.ceil((aware - now).total_seconds()), 0), LONGEST_WAIT)


def _redirect(location: str | None) -> str:
    shown = without_query(location or "")
    to = f" to {shown}" if shown else ""
    return f"; redirects{to} are not followed, set STOCKPULSE_WEBHOOK_URL to the final address"
