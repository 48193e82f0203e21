"""While a message of a rule is sent, the helper reaches public addresses only."""

import pytest

from app.notifications.channels.apprise.outgoing_guard import NotAllowed, OutgoingGuard


def restricted() -> OutgoingGuard:
    guard = OutgoingGuard()
    guard.public_only = True
    return guard


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("socket.connect", (None, ("127.0.0.1", 80))),
        ("socket.connect", (None, ("::ffff:10.0.0.7", 80, 0, 0))),
        ("socket.connect", (None, ("localhost", 80))),
        ("socket.connect", (None, "/run/docker.sock")),
        ("socket.connect", (None, b"/run/docker.sock")),
        ("socket.sendto", (None, ("169.254.169.254", 514))),
        ("socket.sendmsg", (None, ("192.168.1.1", 514))),
        ("subprocess.Popen", ("sh", ["sh"], None, None)),
        ("os.system", (b"id",)),
    ],
)
def test_private_addresses_and_programs_are_refused(event: str, arguments: tuple[object]) -> None:
    guard = restricted()
    with pytest.raises(NotAllowed, match=event):
        guard.check(event, arguments)
    assert guard.stopped
    guard.public_only = False
    guard.check(event, arguments)


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("socket.connect", (None, ("93.184.216.34", 443))),
        ("socket.sendmsg", (None, None)),
        ("open", ("/etc/ssl/certs/ca-certificates.crt", "r", 0)),
        ("import", ("json", None, None, None, None)),
    ],
)
def test_what_a_message_needs_is_allowed(event: str, arguments: tuple[object]) -> None:
    guard = restricted()
    guard.check(event, arguments)
    assert not guard.stopped
