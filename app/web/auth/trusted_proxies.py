"""A proxy's headers are read only if it connects from a configured address.

A proxy reports its client (`X-Forwarded-For`), the scheme and host that the client used and,
if configured, the person. `Forwarded` (RFC 7239) is not read: it could contradict the others.
"""

import ipaddress
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import Scope

from app.core.roles import Role

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_MAX_NAME = 200  # characters of a person's name
ANYONE = "*"  # in the mapping: everyone whom the proxy lets through


@dataclass(frozen=True, slots=True)
class Person:
    """A person named by the proxy; `role` is None if none of their groups has one."""

    name: str
    role: Role | None


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The trusted proxies, and the headers in which they name people."""

    networks: Sequence[Network] = ()
    user_header: str = ""
    group_header: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict)

    def restore(self, scope: Scope) -> None:
        """Replace the connection's client, scheme and host with what a trusted proxy reports."""
        client = scope.get("client")
        if not client or not self._trusts(_address(client[0])):
            return
        headers = Headers(scope=scope)
        if self.user_header:
            scope["state"]["person"] = self._person(headers)
        scope["client"] = (self._client(headers, client[0]), 0)
        proto = _last(headers, "x-forwarded-proto").lower()
        if proto in {"http", "https"}:
            scope["scheme"] = proto
        if host := _last(headers, "x-forwarded-host"):
            others = [pair for pair in scope["headers"] if pair[0] != b"host"]
            scope["headers"] = [(b"host", host.encode("latin-1")), *others]

    def _trusts(self, address: _Address | None) -> bool:
        return address is not None and any(address in network for network in self.networks)

    def _client(self, headers: Headers, peer: str) -> str:
        """The nearest address in `X-Forwarded-For` that is not a trusted proxy."""
        nearest = peer
        for part in reversed(",".join(headers.getlist("x-forwarded-for")).split(",")):
            address = _address(part.strip())
            if address is None:
                break
            nearest = str(address)
            if not self._trusts(address):
                break
        return nearest

    def _person(self, headers: Headers) -> Person | None:
        """The person named; None if there are two names: a client may have sent one of them."""
        named = headers.getlist(self.user_header)
        name = _text(named[0]) if len(named) == 1 else ""
        if not name or len(name) > _MAX_NAME or not name.isprintable():
            return None
        given = headers.getlist(self.group_header) if self.group_header else []
        # Only a comma separates groups: in the directory, a name may contain anything else.
        listed = _text(given[0]).split(",") if len(given) == 1 else []
        groups = {ANYONE, *(group.strip() for group in listed if group.strip() != ANYONE)}
        roles = [role for group, role in self.roles.items() if group in groups]
        return Person(name, max(roles, key=list(Role).index, default=None))


def _text(value: str) -> str:
    """A header's text, decoded as UTF-8 if valid, otherwise as Latin-1."""
    raw = value.encode("latin-1")
    try:
        return unicodedata.normalize("NFC", raw.decode()).strip()
    except UnicodeDecodeError:
        return value.strip()


def _address(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _last(headers: Headers, name: str) -> str:
    """The last value, which the nearest proxy added."""
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()
