"""How a webhook's response is handled; a wrong URL or secret never loses an event.

An event is rejected only if the response cannot mean anything else. A response that a wrong setting
can cause (a wrong path, a wrong secret, a redirect) is retried: the lag grows, and the error is
shown. Many receivers answer 400 to a signature that they cannot verify, so 400 is retried, too. An
event that fails alone while others are accepted becomes a dead letter after its retries.
"""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from app.config.addresses import without_query
from app.runtime.http_post import Answer
from worker.consumers.retry_policy import LONGEST_RETRY_AFTER
from worker.consumers.sink import PauseSink, Unavailable

_REJECTS_THE_EVENT = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
_HAS_RETRY_AFTER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


def rejection(answer: Answer, now: datetime) -> str | None:
    """Return None if the event was accepted, else why the receiver rejects it for good.

    Raises:
        Unavailable: the event must be sent again.
        PauseSink: the receiver wants no more events.

    """
    status = answer.status
    if 200 <= status < 300:
        return None
    reason = f"the webhook answered {described(status)}"
    if status == HTTPStatus.GONE:
        raise PauseSink(reason)
    if status in _REJECTS_THE_EVENT:
        return reason
    if 300 <= status < 400:
        raise Unavailable(reason + _redirect(answer.headers.get("location")))
    wait = None
    if status in _HAS_RETRY_AFTER:
        wait = retry_after(answer.headers.get("retry-after"), now)
    raise Unavailable(reason, retry_after=wait)


def described(status: int) -> str:
    """Return the status code with its phrase: `503 Service Unavailable`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds of a `Retry-After` header, at most an hour; None if absent or invalid."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return LONGEST_RETRY_AFTER if len(text) > 9 else min(float(text), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return min(max(math.ceil((aware - now).total_seconds()), 0), LONGEST_RETRY_AFTER)


def _redirect(location: str | None) -> str:
    shown = without_query(location or "")
    to = f" to {shown}" if shown else ""
    return f"; redirects{to} are not followed, set STOCKPULSE_WEBHOOK_URL to the final address"
