"""Only addresses on the public internet pass; every spelling of a private one is refused."""

import pytest

from app.notifications.public_addresses import is_public, may_be_public

PRIVATE = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.0.0.7",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.8",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:a00:7",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:a00:7::1",
    "2001:db8::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
]
PUBLIC = ["93.184.216.34", "8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111"]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_not_public(address: str) -> None:
    assert not is_public(address)
    assert not may_be_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)
    assert may_be_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost.",
        "db.localhost",
        "printer",
        "printer.local",
        "vault.internal",
        "nas.home.arpa",
        "router.lan",
        "2130706433",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "10.0.0.7.",
        "",
    ],
)
def test_a_name_that_can_only_be_private_is_refused_before_it_is_resolved(host: str) -> None:
    assert not may_be_public(host)


@pytest.mark.parametrize("host", ["shop.example", "shop.example.", "10.0.0.7.nip.io", "a.b.c"])
def test_any_other_name_is_decided_when_it_is_resolved(host: str) -> None:
    assert may_be_public(host)
    assert not is_public(host)
