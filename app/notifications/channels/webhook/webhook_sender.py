"""One signed POST in the form of Standard Webhooks; the only code that sends a webhook.

The body is a CloudEvents object in structured JSON mode, and `webhook-id` is its id, the same in
each attempt (https://www.standardwebhooks.com).
"""

import base64
import hmac
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from app.config.addresses import without_query
from app.notifications.channels.channel import NotNow
from app.notifications.channels.webhook.webhook_answers import check_accepted, described
from app.runtime.http_post import NoAnswer, Post
from app.runtime.version import our_version


class WebhookSender:
    """Sends to any URL, from any thread. Errors show it without its credentials and query."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._version = our_version()

    def send(
        self, url: str, keys: Sequence[bytes], identifier: str, body: bytes, *, shown: str = ""
    ) -> str:
        """Send a body, signed with each key; returns a sentence about the answer.

        `shown` stands for the URL in it and in errors.

        Raises:
            NotNow: it must be sent again.
            MessageRefused: the receiver can never accept it.
            RecipientGone: the receiver wants no more.

        """
        name = shown or without_query(url)
        now, started = datetime.now(UTC), time.monotonic()
        seconds = int(now.timestamp())
        headers = [
            ("Content-Type", "application/cloudevents+json"),
            ("User-Agent", f"Stockpulse/{self._version}"),
            ("webhook-id", identifier),
            ("webhook-timestamp", str(seconds)),
            ("webhook-signature", signatures(keys, identifier, seconds, body)),
        ]
        try:
            answer = self._post(url, headers, body)
        except NoAnswer as error:
            raise NotNow(f"{name} {error}") from None
        location = answer.headers.get("location")
        if shown and location:  # a redirect of a secret URL mostly has the same path
            answer = answer._replace(headers={**answer.headers, "location": _site(location)})
        check_accepted(answer, now)
        elapsed = (time.monotonic() - started) * 1000
        return f"{name} answered {described(answer.status)} in {elapsed:.0f} ms"


def _site(location: str) -> str:
    """Where a redirect leads, without the path."""
    if "://" not in location:
        return "another path"
    return "/".join(without_query(location).split("/", 3)[:3])


def signatures(keys: Sequence[bytes], identifier: str, seconds: int, body: bytes) -> str:
    """Return the `webhook-signature` header for a body sent at `seconds`, one signature a key."""
    signed = b"%s.%d.%s" % (identifier.encode(), seconds, body)
    made = (base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)
    return " ".join(f"v1,{signature}" for signature in made)
