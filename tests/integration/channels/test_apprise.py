"""Apprise runs in a process of its own: it delivers, is guarded, and ends by a deadline."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from app.core.rules.rule import Recipient
from app.notifications.channels.apprise import helper_process
from app.notifications.channels.apprise.apprise_channel import AppriseChannel
from app.notifications.channels.apprise.helper_process import Helpers
from app.notifications.channels.channel import AddressRefused, NotNow
from app.notifications.secrets import Secrets
from app.notifications.texts.templates import Texts
from tests.support.http.receiver import Receiver, closed_port, misbehaving, receiving
from tests.support.messages.notifying import a_message, an_alert

CHAT = Recipient("apprise", "secret:CHAT")


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving("/t0ken/stock") as running:
        running.status = 200
        yield running


@pytest.fixture(scope="module")
def helpers() -> Iterator[Helpers]:
    running = Helpers()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def accepts(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 200, {}


@pytest.fixture
def channel(helpers: Helpers, receiver: Receiver) -> AppriseChannel:
    return with_secret(helpers, receiver.url.replace("http:", "json:"))


def with_secret(helpers: Helpers, url: str, *, private_allowed: bool = False) -> AppriseChannel:
    secrets = Secrets({"CHAT": url})
    return AppriseChannel(helpers, secrets, Texts(), private_allowed=private_allowed)


def test_a_message_arrives_at_the_service(channel: AppriseChannel, receiver: Receiver) -> None:
    assert channel.send(CHAT, a_message(an_alert(product_name="Mug ☕"))) == (
        "JSON accepted the message"
    )
    sent = receiver.received[-1]
    assert sent.path == "/t0ken/stock"
    body = json.loads(sent.body)
    assert body["title"] == "Mug ☕ (P1) is low: 3 in stock, to reorder at 5"
    assert "Mug ☕ (P1) is low: 3 in stock, to reorder at 5." in body["message"]


def test_an_answer_that_is_no_success_is_reported_without_the_url(
    channel: AppriseChannel, receiver: Receiver
) -> None:
    receiver.status = 503
    with pytest.raises(NotNow) as error:
        channel.send(CHAT, a_message())
    assert str(error.value) == "JSON did not accept the message: it answered 503"


def test_redirects_are_not_followed(channel: AppriseChannel, receiver: Receiver) -> None:
    receiver.status, receiver.headers = 307, {"Location": receiver.url + "/elsewhere"}
    before = len(receiver.received)
    with pytest.raises(NotNow):
        channel.send(CHAT, a_message())
    assert [one.path for one in receiver.received[before:]] == ["/t0ken/stock"]


def test_a_rules_own_url_reaches_no_private_address(helpers: Helpers, receiver: Receiver) -> None:
    port = receiver.url.split(":")[2].partition("/")[0]
    plain = Recipient("apprise", f"json://127.0.0.1:{port}/stock?redirect=yes")
    before = len(receiver.received)
    with pytest.raises(NotNow, match="JSON has a private address, to which"):
        with_secret(helpers, "").send(plain, a_message())
    with pytest.raises(NotNow, match="JSON has a private address, to which"):
        with_secret(helpers, "").send(
            Recipient("apprise", f"json://localhost:{port}/stock"), a_message()
        )
    assert len(receiver.received) == before
    with_secret(helpers, "", private_allowed=True).send(plain, a_message())
    assert len(receiver.received) == before + 1


def test_a_service_that_drips_is_ended_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        while True:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: y\r\n"[:1])
            time.sleep(0.2)

    monkeypatch.setattr(helper_process, "DEADLINE", 6)
    running = Helpers(6)
    with misbehaving(drip) as url:
        slow = with_secret(running, url.replace("http:", "json:"))
        started = time.monotonic()
        with pytest.raises(NotNow):
            slow.send(CHAT, a_message())
        assert time.monotonic() - started < 9
    running.close()


def test_the_helper_has_no_secrets_of_this_process(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    monkeypatch.setenv("STOCKPULSE_AUDIT_KEYS", "k1:secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    others = set(children())
    running = Helpers()
    with_secret(running, receiver.url.replace("http:", "json:")).send(CHAT, a_message())
    (child,) = set(children()) - others
    environment = child.environ()
    assert not [name for name in environment if name.startswith(("STOCKPULSE_", "AWS_"))]
    assert "http_proxy" not in environment
    running.close()
    assert not child.is_running()


def children() -> list[psutil.Process]:
    """The helpers of this process."""
    mine = psutil.Process().children()
    return [child for child in mine if helper_process.MODULE in child.cmdline()]


def test_threads_share_the_helpers(channel: AppriseChannel, receiver: Receiver) -> None:
    before = len(receiver.received)
    threads = [
        threading.Thread(target=channel.send, args=(CHAT, a_message(an_alert(number))))
        for number in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.received) == before + 3


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "must be an Apprise URL"),
        ("our-shop", "must be an Apprise URL"),
        ("ntfys://ntfy.sh/\u2028x", "must be an Apprise URL"),
        ("slack://TokenA/TokenB/TokenC", "holds a secret"),
        ("syslog://", "holds a secret"),
        ("ntfys://ann:s3cr3t@ntfy.sh/shop", "holds a secret"),
        ("secret:OTHER", "There is no secret OTHER"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused(
    channel: AppriseChannel, address: str, reason: str
) -> None:
    with pytest.raises(AddressRefused, match=reason) as error:
        channel.checked(address)
    assert "s3cr3t" not in str(error.value)


def test_an_address_that_can_be_one_is_accepted(channel: AppriseChannel, helpers: Helpers) -> None:
    assert channel.checked(" ntfys://ntfy.sh/our-shop ") == "ntfys://ntfy.sh/our-shop"
    assert channel.checked("secret:CHAT") == "secret:CHAT"
    with pytest.raises(AddressRefused, match="Apprise does not know a service"):
        with_secret(helpers, "nothing-that-exists://x").checked("secret:CHAT")
