"""The engine listens at an address that no web page can guess, and keeps it if possible."""

import errno
import os
import socket
from ipaddress import IPv4Address
from random import Random

import pytest

from app.store.engine import EngineFailed
from app.store.engine.address import (
    LOOPBACK,
    PORTS,
    Address,
    bind_error,
    choose,
    keep_or_choose,
    parse,
)

KEPT = Address("127.9.8.7", 23456)
TAKEN = OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
ABSENT = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))


def free(address: Address) -> None:
    return None


def test_a_chosen_address_is_a_loopback_address_and_no_network_or_broadcast_address() -> None:
    for seed in range(200):
        address = choose(Random(seed), free)
        assert IPv4Address(address.host).is_loopback
        assert not address.host.startswith("127.0.")
        assert address.host.rsplit(".", 1)[1] not in {"0", "255"}
        assert address.port in PORTS


def test_two_chosen_addresses_differ() -> None:
    assert choose(try_bind=free) != choose(try_bind=free)


def test_an_address_in_use_is_skipped() -> None:
    answers = iter([TAKEN, TAKEN, None])
    choose(try_bind=lambda address: next(answers))
    assert next(answers, "none left") == "none left"


def test_if_only_127_0_0_1_exists_the_port_is_random_and_a_warning_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    address = choose(try_bind=lambda address: None if address.host == LOOPBACK else ABSENT)
    assert address.host == LOOPBACK
    assert address.port in PORTS
    assert "protected by its random port only" in caplog.text


def test_no_free_port_is_an_error() -> None:
    with pytest.raises(EngineFailed, match="no free port"):
        choose(try_bind=lambda address: TAKEN)


def test_a_free_kept_address_is_used_again() -> None:
    assert keep_or_choose(KEPT, free) == KEPT


def test_a_kept_address_is_used_once_its_holder_has_ended() -> None:
    answers = iter([TAKEN, TAKEN, None])
    assert keep_or_choose(KEPT, lambda address: next(answers)) == KEPT


def test_a_kept_address_in_use_is_replaced_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chosen = keep_or_choose(KEPT, lambda address: TAKEN if address == KEPT else None, within=0.0)
    assert chosen != KEPT
    assert KEPT.url in caplog.text
    assert chosen.url in caplog.text


def test_a_kept_address_that_this_system_lacks_is_replaced_at_once() -> None:
    chosen = keep_or_choose(
        KEPT, lambda address: None if address.host == LOOPBACK else ABSENT, within=60.0
    )
    assert chosen.host == LOOPBACK


def test_bind_error_is_none_only_for_a_free_port() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        address = Address(LOOPBACK, server.getsockname()[1])
        reason = bind_error(address)
        assert reason is not None
        assert reason.errno == errno.EADDRINUSE
    assert bind_error(address) is None


def test_parse_reverses_url() -> None:
    assert parse(KEPT.url) == KEPT


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://127.1.2.3",
        "https://127.1.2.3:80",
        "http://10.1.2.3:80",
        "http://127.1.2.256:80",
        "http://127.1.2:80",
        "http://127.1.2.x:80",
        "http://127.1.2.3:99999",
    ],
)
def test_any_other_url_is_rejected(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - urlsplit words its own
        parse(url)
