"""The engine listens where no web page guesses, and stays there where it can."""

import errno
import os
import socket
from ipaddress import IPv4Address
from random import Random

import pytest

from app.store.engine import EngineFailed
from app.store.engine.address import LOOPBACK, PORTS, Address, choose, parse, keep_or_choose, bind_error

KEPT = Address("127.9.8.7", 23456)
TAKEN = OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
ABSENT = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))


def free(address: Address) -> None:
    return None


def test_a_chosen_address_is_a_usual_one_of_no_network() -> None:
    for seed in range(200):
        address = choose(Random(seed), free)
        assert IPv4Address(address.host).is_loopback
        assert not address.host.startswith("127.0.")
        assert address.host.rsplit(".", 1)[1] not in {"0", "255"}
        assert address.port in PORTS


def test_two_choices_differ() -> None:
    assert choose(try_bind=free) != choose(try_bind=free)


def test_a_taken_address_is_passed_over() -> None:
    answers = iter([TAKEN, TAKEN, None])
    choose(try_bind=lambda address: next(answers))
    assert next(answers, "none left") == "none left"


def test_where_only_127_0_0_1_exists_the_port_is_random_and_a_warning_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    address = choose(try_bind=lambda address: None if address.host == LOOPBACK else ABSENT)
    assert address.host == LOOPBACK
    assert address.port in PORTS
    assert "guarded by its random port only" in caplog.text


def test_no_free_port_at_all_is_told() -> None:
    with pytest.raises(EngineFailed, match="no free port"):
        choose(try_bind=lambda address: TAKEN)


def test_a_kept_address_is_kept() -> None:
    assert keep_or_choose(KEPT, free) == KEPT


def test_a_kept_address_is_waited_for_while_its_holder_ends() -> None:
    answers = iter([TAKEN, TAKEN, None])
    assert keep_or_choose(KEPT, lambda address: next(answers)) == KEPT


def test_a_kept_address_that_another_program_holds_is_given_up_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chosen = keep_or_choose(KEPT, lambda address: TAKEN if address == KEPT else None, within=0.0)
    assert chosen != KEPT
    assert KEPT.url in caplog.text
    assert chosen.url in caplog.text


def test_a_kept_address_that_this_system_does_not_have_is_given_up_at_once() -> None:
    chosen = keep_or_choose(KEPT, lambda address: None if address.host == LOOPBACK else ABSENT, within=60.0)
    assert chosen.host == LOOPBACK


def test_the_trial_tells_a_free_port_from_a_taken_one() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        address = Address(LOOPBACK, server.getsockname()[1])
        reason = bind_error(address)
        assert reason is not None
        assert reason.errno == errno.EADDRINUSE
    assert bind_error(address) is None


def test_an_endpoint_reads_back() -> None:
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
def test_what_is_no_endpoint_of_ours_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - urlsplit words its own
        parse(url)
