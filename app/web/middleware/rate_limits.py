"""Two budgets around the gate: an address's before its credentials are looked at, a key's after.

An address has a second, small one for wrong keys and failed sign-ins. Where it is used up,
what carries a key is refused unread, so that guessing ends; who has a session goes on. The
same wrong key again is a broken program and no guess: it must not shut out its neighbours.

Whoever sits at the machine of an open server pays neither: they could end the process, and
their own shell is where much is loaded from at once. Probes of health pay neither: they ask
no store, and a balancer that is refused would take the server away from all.
"""

import ipaddress
import math
import time
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config.settings import Settings
from app.core.errors import StockpulseError
from app.web.auth.authenticator import Authenticator
from app.web.auth.identity import Identity
from app.web.errors import RateLimited
from app.web.middleware.authentication import path_of

WINDOW = 60  # seconds


class RateLimiter:
    """A budget of requests a minute for each of those who ask; 0 is no bound."""

    def __init__(self, name: str, per_minute: int) -> None:
        self._name = name
        self._quota = per_minute
        self._policy = f'"{name}";q={per_minute};w={WINDOW}'
        self._item = RateLimitItemPerMinute(max(1, per_minute))
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def take(self, who: str, cost: int = 1) -> dict[str, str]:
        """Take from the budget; what an answer's headers say of what is left.

        Raises:
            RateLimited: it is used up; `Retry-After` says until when.

        """
        if not self._quota:
            return {}
        if not self._limiter.hit(self._item, who, cost=cost):
            raise self.refusal(who)
        return self._headers(who)[0]

    def check(self, who: str) -> None:
        """Take nothing.

        Raises:
            RateLimited: the budget is used up.

        """
        if self._quota and not self._limiter.test(self._item, who):
            raise self.refusal(who)

    def refusal(self, who: str) -> RateLimited:
        """What to tell whoever has used it up."""
        headers, seconds = self._headers(who)
        return RateLimited(
            f"More than {self._quota} requests in a minute ({self._name}). "
            f"Wait {seconds} s; RateLimit on each answer says what is left.",
            headers={**headers, "Retry-After": str(seconds)},
        )

    def _headers(self, who: str) -> tuple[dict[str, str], int]:
        """As draft-ietf-httpapi-ratelimit-headers has them, and the seconds until there is more."""
        stats = self._limiter.get_window_stats(self._item, who)
        seconds = min(WINDOW, max(1, math.ceil(stats.reset_time - time.time())))
        return {
            "RateLimit-Policy": self._policy,
            "RateLimit": f'"{self._name}";r={stats.remaining};t={seconds}',
        }, seconds


_Refuse = Callable[[Request, StockpulseError], ASGIApp]

_PROBES = {"/healthz", "/readyz"}
_SIGN_INS = {"/sign-in": 401, "/sign-in/link": 410}  # and what a failure is answered with


class AddressBudget:
    """Middleware outside the gate."""

    def __init__(
        self, app: ASGIApp, settings: Settings, authenticator: Authenticator, refuse: _Refuse
    ) -> None:
        self._app = app
        self._door = authenticator
        self._refuse = refuse
        self._all = RateLimiter("address", settings.address_rate_limit_per_minute)
        self._wrong = RateLimiter("wrong-keys", settings.refused_per_minute)
        self._repeats = RateLimiter("repeat", 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or path_of(scope) in _PROBES:
            await self._app(scope, receive, send)
            return
        network, is_loopback = _place(scope)
        try:
            if _shows_key(scope):
                self._wrong.check(network)
            is_home = is_loopback and self._door.is_open()
            told = {} if is_home else self._all.take(network)
        except RateLimited as error:
            await self._refuse(Request(scope), error)(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                if _is_wrong(scope, message["status"]):
                    self._note_wrong(scope, network)
                _tell(message, told)
            await send(message)

        await self._app(scope, receive, send_counted)

    def _note_wrong(self, scope: Scope, network: str) -> None:
        try:
            if key := Headers(scope=scope).get("authorization"):
                self._repeats.take(network + sha256(key.encode()).hexdigest())
            self._wrong.take(network)
        except RateLimited:
            return  # a repeat; or used up meanwhile, and the next one is told


class KeyBudget:
    """Middleware inside the gate."""

    def __init__(self, app: ASGIApp, per_minute: int, refuse: _Refuse) -> None:
        self._app = app
        self._refuse = refuse
        self._rates = RateLimiter("key", per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        account = account_of(scope) if scope["type"] == "http" else None
        if account is None:
            await self._app(scope, receive, send)
            return
        try:
            told = self._rates.take(account)
        except RateLimited as error:
            await self._refuse(Request(scope), error)(scope, receive, send)
            return

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                _tell(message, told)
            await send(message)

        await self._app(scope, receive, send_told)


def account_of(scope: Scope) -> str | None:
    """Whose budget a request is on: its key's or person's; None for those who have none to keep.

    Sessions are on their key's. Where nobody says who they are, an address stands for them.
    """
    identity: Identity | None = scope.get("state", {}).get("identity")
    if identity is None:
        return None
    if identity.by == "nothing":
        network, is_loopback = _place(scope)
        return None if is_loopback else f"address {network}"
    return f"key {identity.key_id}" if identity.key_id else f"person {identity.actor}"


def _shows_key(scope: Scope) -> bool:
    path = path_of(scope)
    if path == "/sign-in/link" or (path == "/sign-in" and scope["method"] == "POST"):
        return True
    return any(name == b"authorization" for name, _ in scope["headers"])


def _is_wrong(scope: Scope, status: int) -> bool:
    return bool(scope["state"].get("refused")) or _SIGN_INS.get(path_of(scope)) == status


def _tell(message: Message, told: dict[str, str]) -> None:
    """Say what is left, unless a nearer budget has said so."""
    headers = MutableHeaders(scope=message)
    for name, value in told.items():
        headers.setdefault(name, value)


def _place(scope: Scope) -> tuple[str, bool]:
    client = scope.get("client")
    return network_of(client[0]) if client else ("nowhere", False)


@lru_cache(maxsize=4096)
def network_of(address: str) -> tuple[str, bool]:
    """What counts as one address, and whether it is this machine.

    Whoever has one IPv6 address has its whole /64.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address, False
    if found.version == 4:
        return address, found.is_loopback
    if found.ipv4_mapped is not None:
        return network_of(str(found.ipv4_mapped))
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64))), found.is_loopback
