"""At a limit, the stranger's connection that was unused longest is closed."""

import logging
from dataclasses import dataclass

import pytest

from app.web.transport.connection_limits import REMIND, ConnectionLimits

MOST = 32
EACH = MOST // 4


@dataclass(eq=False)
class Caller:
    network: str = "192.0.2.1"
    signed_in: str | None = None
    ended: bool = False

    def account(self) -> str | None:
        return self.signed_in

    def end(self) -> None:
        self.ended = True


@pytest.fixture
def limits() -> ConnectionLimits:
    return ConnectionLimits(MOST)


def add(limits: ConnectionLimits, *callers: Caller) -> None:
    for caller in callers:
        limits.add(caller)


def callers(count: int, network: str = "", signed_in: str | None = None) -> list[Caller]:
    """Callers of one network, or each of its own."""
    return [Caller(network or f"192.0.2.{n}", signed_in) for n in range(count)]


def ended(given: list[Caller]) -> list[int]:
    return [n for n, caller in enumerate(given) if caller.ended]


def test_address_that_opens_too_many_loses_its_own_oldest(limits: ConnectionLimits) -> None:
    others, greedy = callers(5), callers(EACH + 3, "198.51.100.7")
    add(limits, *others, *greedy)
    assert ended(greedy) == [0, 1, 2]
    assert ended(others) == []


def test_clients_without_a_network_share_only_the_limit_in_all(limits: ConnectionLimits) -> None:
    local = [Caller(network="") for _ in range(MOST + 2)]
    add(limits, *local)
    assert ended(local) == [0, 1]


def test_in_all_the_connection_unused_longest_is_closed(limits: ConnectionLimits) -> None:
    idle = callers(MOST)
    add(limits, *idle)
    limits.used(idle[0])  # such as a health check that was just answered
    add(limits, Caller("198.51.100.7"), Caller("198.51.100.8"))
    assert ended(idle) == [1, 2]


def test_signed_in_connections_are_never_closed_for_others(limits: ConnectionLimits) -> None:
    people = callers(EACH, signed_in="key a")
    add(limits, *people, *callers(MOST * 2))
    assert ended(people) == []


def test_sign_in_counts_while_its_first_request_still_runs(limits: ConnectionLimits) -> None:
    stream = Caller()
    add(limits, stream)
    stream.signed_in = "key a"  # a live stream, whose response never ends
    strangers = callers(MOST)
    add(limits, *strangers)
    assert not stream.ended
    assert ended(strangers) == [0]


def test_connection_whose_last_request_was_anonymous_is_a_strangers_again(
    limits: ConnectionLimits,
) -> None:
    once = Caller(signed_in="key a")
    add(limits, once)
    once.signed_in = None
    limits.used(once)
    add(limits, *callers(MOST))
    assert once.ended


def test_one_account_cannot_take_all_places(limits: ConnectionLimits) -> None:
    greedy, other = callers(MOST, signed_in="key a"), Caller(signed_in="key b")
    add(limits, *greedy, other, *callers(MOST * 2))
    assert len(ended(greedy)) == MOST - EACH
    assert not other.ended


def test_newcomer_finds_a_place_although_proxies_hold_all_others(
    limits: ConnectionLimits,
) -> None:
    proxy = callers(MOST * 2, "10.0.0.1", signed_in="")
    add(limits, *proxy)
    assert len(proxy) - len(ended(proxy)) > EACH  # no limit per address
    check = Caller()
    add(limits, check)
    assert not check.ended


def test_closed_connections_free_their_places(limits: ConnectionLimits) -> None:
    for n in range(MOST * 3):
        one = Caller(signed_in="key a" if n % 2 else None)
        add(limits, one)
        limits.used(one)
        limits.remove(one)
        limits.remove(one)
        assert not one.ended
    full = callers(MOST)
    add(limits, *full)
    assert ended(full) == []


def test_warning_names_count_and_limit_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 1000.0
    limits = ConnectionLimits(MOST, lambda: now)
    with caplog.at_level(logging.WARNING):
        add(limits, *callers(EACH + 50, "198.51.100.7"))
        assert len(caplog.messages) == 1
        assert f"198.51.100.7 has {EACH + 1}, of {EACH}" in caplog.messages[0]
        now += REMIND
        add(limits, *callers(MOST))
    assert len(caplog.messages) == 2
    assert f"{MOST + 1} are open, of {MOST}" in caplog.messages[1]
