"""What a webhook's answer means, by the rules of Standard Webhooks. Pure.

A client error other than 408, 425 and 429 would be the same next time, so the message is refused at
once and the next one follows. Everything else is tried again, except after 410: the receiver wants
nothing more.
"""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from app.config.addresses import without_query
from app.notifications.channels.channel import MessageRefused, NotNow, RecipientGone
from app.runtime.backoff import LONGEST_RETRY_AFTER
from app.runtime.http_post import Answer

_TRIED_AGAIN = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}
_HAS_RETRY_AFTER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


def check_accepted(answer: Answer, now: datetime) -> None:
    """Return if the receiver accepted the message.

    Raises:
        NotNow: the message must be sent again.
        MessageRefused: the receiver can never accept it.
        RecipientGone: the receiver wants no more messages.

    """
    status = answer.status
    if 200 <= status < 300:
        return
    reason = f"the webhook answered {described(status)}"
    if status == HTTPStatus.GONE:
        raise RecipientGone(reason)
    if 300 <= status < 400:
        raise NotNow(reason + _redirect(answer.headers.get("location")))
    if 400 <= status < 500 and status not in _TRIED_AGAIN:
        raise MessageRefused(reason)
    wait = None
    if status in _HAS_RETRY_AFTER:
        wait = retry_after(answer.headers.get("retry-after"), now)
    raise NotNow(reason, retry_after=wait)


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
    return f"; redirects{to} are not followed, so use the final address"
