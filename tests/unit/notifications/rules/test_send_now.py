"""A message that a person sends has an outcome for each recipient, whatever the channels do."""

import threading
from collections.abc import Iterator

import pytest

from app.core.rules.rule import Recipient
from app.notifications.channels.channel import Channel, MessageRefused, NotNow
from app.notifications.desk.sending import send_now
from app.notifications.notice import Message

TEST = Message("test_1", "r1", "Kitchen", (), is_test=True)


class Moody:
    """A channel whose addresses say what it does."""

    name = "moody"

    def __init__(self) -> None:
        self.released = threading.Event()

    def checked(self, address: str) -> str:
        return address

    def send(self, recipient: Recipient, message: Message) -> str:
        match recipient.address:
            case "later":
                raise NotNow("It is asleep.", retry_after=5)
            case "never":
                raise MessageRefused("It wants no tests.")
            case "broken":
                raise RuntimeError("no route to https://ann:secret@chat.example/hook")
            case "slow":
                self.released.wait(20)
        return f"took {message.id}"


@pytest.fixture
def moody() -> Iterator[Moody]:
    channel = Moody()
    yield channel
    channel.released.set()


def test_each_recipient_has_an_outcome_in_order(moody: Moody) -> None:
    channels: dict[str, Channel] = {"moody": moody}
    addresses = ("slow", "fine", "later", "never", "broken")
    recipients = [*(Recipient("moody", one) for one in addresses), Recipient("fax", "1")]
    slow, fine, later, never, broken, fax = send_now(channels, recipients, TEST, within=0.5)
    assert [one.recipient for one in (slow, fine, fax)] == [
        recipients[0],
        recipients[1],
        fax.recipient,
    ]
    assert (fine.accepted, fine.answer) == (True, "took test_1")
    assert not any(one.accepted for one in (slow, later, never, broken, fax))
    assert (later.answer, never.answer) == ("It is asleep.", "It wants no tests.")
    assert "secret" not in broken.answer
    assert "fax" in fax.answer
    assert "may still arrive" in slow.answer


def test_nobody_to_send_to_is_no_error(moody: Moody) -> None:
    assert send_now({"moody": moody}, [], TEST) == []
