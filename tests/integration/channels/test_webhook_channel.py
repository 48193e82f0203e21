"""A rule's webhook is signed with its own secret, and reaches no private address unasked."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from app.config.settings import Settings
from app.core.events import cloud_event
from app.core.rules.rule import Recipient
from app.notifications.channels.channel import (
    AddressRefused,
    MessageRefused,
    NotNow,
    RecipientGone,
)
from app.notifications.channels.webhook.signing_secret import signing_secret
from app.notifications.channels.webhook.webhook_channel import WebhookChannel, webhook_channel
from app.notifications.secrets import Secrets
from tests.support.builders import an_event
from tests.support.http.receiver import Receiver, receiving
from tests.support.messages.notifying import SIGNER, a_deployment, a_message, an_alert, of_event

NAMED = Recipient("webhook", "secret:HOOK")


@contextmanager
def opened(secret: str = "", **settings: Any) -> Iterator[WebhookChannel]:
    given = Settings(_env_file=None, **settings)
    secrets = Secrets({"HOOK": secret} if secret else {})
    with webhook_channel(given, a_deployment(), secrets, 2) as channel:
        yield channel


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving("/hooks/stock?token=query-token") as running:
        yield running


@pytest.fixture(scope="module")
def channel(receiver: Receiver) -> Iterator[WebhookChannel]:
    with opened(receiver.url) as running:
        yield running


@pytest.fixture(autouse=True)
def accepts(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 204, {}


def verified(receiver: Receiver, recipient: Recipient = NAMED) -> dict[str, Any]:
    """The newest body, once the published library has verified its signature."""
    sent = receiver.received[-1]
    verifier = Verifier(signing_secret(SIGNER.key, a_message().rule_id, recipient))
    found: dict[str, Any] = verifier.verify(sent.body, dict(sent.headers))
    return found


def test_an_event_is_sent_as_itself_under_its_id(
    channel: WebhookChannel, receiver: Receiver
) -> None:
    event = an_event(note="naïve ☕")
    sentence = channel.send(NAMED, a_message(of_event(event)))
    assert verified(receiver) == cloud_event(event, "Products") | {
        "data": json.loads(receiver.received[-1].body)["data"]
    }
    assert receiver.received[-1].headers["webhook-id"] == event.id
    assert sentence.startswith("secret:HOOK answered 204 No Content in ")


def test_an_alert_trouble_and_a_test_have_their_own_types(
    channel: WebhookChannel, receiver: Receiver
) -> None:
    channel.send(NAMED, a_message(an_alert()))
    alert = verified(receiver)
    assert (alert["type"], alert["id"], alert["subject"]) == (
        "stockpulse.alert.low",
        "alert-1",
        "P1",
    )
    assert (alert["data"]["stock"], alert["data"]["reorder_point"]) == (3, 5)
    trouble = an_alert(kind="trouble", product_id="", product_name="", text="Silent.", stock=None)
    channel.send(NAMED, a_message(trouble))
    assert verified(receiver)["type"] == "stockpulse.trouble"
    channel.send(NAMED, a_message(is_test=True, id="test_1"))
    assert (verified(receiver)["type"], verified(receiver)["id"]) == ("stockpulse.test", "test_1")


def test_a_digest_lists_its_notices_and_is_cut_to_size(
    channel: WebhookChannel, receiver: Receiver
) -> None:
    notices = [of_event(an_event(number, note="x" * 1000)) for number in range(400)]
    channel.send(NAMED, a_message(*notices, is_digest=True, folded=7, id="digest-1"))
    digest = verified(receiver)
    assert (digest["type"], digest["id"]) == ("stockpulse.digest", "digest-1")
    listed = digest["data"]["notices"]
    assert digest["data"]["folded"] == 7 + 400 - len(listed)
    assert [one["id"] for one in listed] == [one.id for one in notices[: len(listed)]]
    assert 100 < len(listed) < 400
    assert len(receiver.received[-1].body) < 300 * 1024


def test_after_a_rotation_both_secrets_verify_and_no_other(
    channel: WebhookChannel, receiver: Receiver
) -> None:
    now = int(datetime.now(UTC).timestamp() * 1000)
    rotated = replace(NAMED, generation=3, rotated_at=now)
    channel.send(rotated, a_message())
    verified(receiver, rotated)
    verified(receiver, replace(rotated, generation=2))
    for generation in (1, 4):
        with pytest.raises(WebhookVerificationError):
            verified(receiver, replace(rotated, generation=generation))
    channel.send(replace(rotated, rotated_at=now - 25 * 3600 * 1000), a_message())
    with pytest.raises(WebhookVerificationError):
        verified(receiver, replace(rotated, generation=2))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, MessageRefused), (404, MessageRefused), (410, RecipientGone), (425, NotNow),
     (500, NotNow), (301, NotNow)],
)  # fmt: skip
def test_each_answer_means_one_thing(
    channel: WebhookChannel, receiver: Receiver, status: int, kind: type[Exception]
) -> None:
    receiver.status = status
    with pytest.raises(kind, match=f"answered {status}") as error:
        channel.send(NAMED, a_message())
    assert "query-token" not in str(error.value)


def test_retry_after_is_obeyed(channel: WebhookChannel, receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": "7"}
    with pytest.raises(NotNow) as error:
        channel.send(NAMED, a_message())
    assert error.value.retry_after == 7


def test_a_rules_own_url_reaches_no_private_address(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = receiver.url.split(":")[2].partition("/")[0]
    real = socket.getaddrinfo

    def poisoned(host: Any, *more: Any, **options: Any) -> Any:
        """As a name server that an attacker controls."""
        answers = {"rebind.example": "127.0.0.1", "mapped.example": "::ffff:127.0.0.1"}
        return real(answers.get(host, host), *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", poisoned)
    before = len(receiver.received)
    hosts = ["127.0.0.1", "rebind.example", "mapped.example", "[::ffff:127.0.0.1]", "[::1]"]
    with opened() as channel:
        for host in hosts:
            hook = Recipient("webhook", f"http://{host}:{port}/hooks")
            with pytest.raises(NotNow, match="has a private address, to which") as error:
                channel.send(hook, a_message())
            assert host.strip("[]") in str(error.value)
    assert len(receiver.received) == before
    with opened(notify_private_addresses=True) as channel:
        channel.send(Recipient("webhook", f"http://rebind.example:{port}/hooks"), a_message())
    assert len(receiver.received) == before + 1


def test_a_connection_of_a_trusted_url_is_not_lent_to_another(receiver: Receiver) -> None:
    url = receiver.url.partition("?")[0]
    with opened(url) as channel:
        channel.send(NAMED, a_message())  # its connection stays open for seconds
        with pytest.raises(NotNow, match="private address"):
            channel.send(Recipient("webhook", url), a_message())


def test_a_redirect_to_a_private_address_is_not_followed(
    channel: WebhookChannel, receiver: Receiver
) -> None:
    receiver.status = 307
    receiver.headers = {"Location": "http://169.254.169.254/latest/?token=s3cr3t"}
    before = len(receiver.received)
    with pytest.raises(NotNow, match=r"redirects to http://169.254.169.254 are not"):
        channel.send(NAMED, a_message())
    assert len(receiver.received) == before + 1


def test_a_redirect_of_a_secret_url_does_not_show_its_path(
    channel: WebhookChannel, receiver: Receiver
) -> None:
    receiver.status = 308
    for location in ("https://chat.example/s3cr3t", "/s3cr3t/", "//chat.example/s3cr3t"):
        receiver.headers = {"Location": location}
        with pytest.raises(NotNow, match="redirects to") as error:
            channel.send(NAMED, a_message())
        assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("shop.example", "must be a URL"),
        ("https://ann:pw@shop.example/", "must be a URL"),
        ("https://shop.example/?token=x", "usually holds a secret"),
        ("https://hooks.example/T000/B000/XXXX", "looks like a secret"),
        ("http://10.0.0.7/hooks", "is a private one"),
        ("http://localhost:8000/", "is a private one"),
        ("http://[::ffff:10.0.0.7]/", "is a private one"),
        ("http://2130706433/", "is a private one"),
        ("http://metadata.google.internal/", "is a private one"),
        ("secret:OTHER", "There is no secret OTHER"),
        ("secret:hook", "capital letters"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused(
    channel: WebhookChannel, address: str, reason: str
) -> None:
    with pytest.raises(AddressRefused, match=reason):
        channel.checked(address)


def test_an_address_that_can_be_one_is_accepted(channel: WebhookChannel) -> None:
    url = "https://shop.example/stockpulse"
    assert channel.checked(f" {url} ") == url
    assert channel.checked("secret:HOOK") == "secret:HOOK"


def test_a_secret_that_is_no_url_is_refused_without_showing_it() -> None:
    with opened("s3cr3t") as channel, pytest.raises(AddressRefused) as error:
        channel.checked("secret:HOOK")
    assert "s3cr3t" not in str(error.value)
    with opened("http://[s3cr3t") as channel, pytest.raises(NotNow, match="secret:HOOK is not"):
        channel.send(NAMED, a_message())
    with opened() as channel, pytest.raises(NotNow, match="There is no secret HOOK"):
        channel.send(NAMED, a_message())
