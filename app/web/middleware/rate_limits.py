"""Requests are limited per address before authentication, and per key after it.

An address has a second, small limit for wrong keys and failed sign-ins. Once it is reached, a
request with a key is rejected without checking the key, so that keys cannot be guessed; sessions
still work. The same wrong key again counts once: it is a broken program, not a guess, and must
not lock out other clients of the address.

Loopback clients of a server without keys are not limited: they could stop the process anyway, and
local scripts send many requests at once. Health checks are never rejected: they do not read the
store, and a load balancer whose check is rejected would take the server out of service. A key sent
with one counts like any other; once the address has reached its limit for wrong keys, the check is
answered as if it had none.
"""

import math
import time
from collections.abc import Callable
from functools import partial
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
from app.web.middleware.client_network import network_of

WINDOW = 60  # seconds


class RateLimiter:
    """A limit of requests per minute for each caller; 0 is unlimited."""

    def __init__(self, name: str, per_minute: int) -> None:
        self._name = name
        self._quota = per_minute
        self._policy = f'"{name}";q={per_minute};w={WINDOW}'
        self._item = RateLimitItemPerMinute(max(1, per_minute))
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def take(self, caller: str, cost: int = 1) -> dict[str, str]:
        """Count a request; returns the RateLimit headers for its response.

        Raises:
            RateLimited: the limit is reached; with `Retry-After`.

        """
        if not self._quota:
            return {}
        if not self._limiter.hit(self._item, caller, cost=cost):
            raise self.refusal(caller, cost)
        return self._headers(caller)[0]

    def check(self, caller: str) -> None:
        """Check the limit without counting a request.

        Raises:
            RateLimited: the limit is reached.

        """
        if self._quota and not self._limiter.test(self._item, caller):
            raise self.refusal(caller)

    def refusal(self, caller: str, cost: int = 1) -> RateLimited:
        """The error for a caller that has reached the limit."""
        headers, seconds = self._headers(caller)
        if 1 < cost >= self._quota:  # the request itself has counted, too
            return RateLimited(
                f"Each item counts as one request, and your limit is {self._quota} per minute "
                f"({self._name}), so nothing was applied. Send at most {self._quota} items.",
                headers=headers,
            )
        if cost > 1:
            return RateLimited(
                f"Each item counts as one request, and fewer are left of your {self._quota} per "
                f"minute ({self._name}), so nothing was applied. Send fewer items, or try again in "
                f"{seconds} s.",
                headers={**headers, "Retry-After": str(seconds)},
            )
        return RateLimited(
            f"The limit of {self._quota} requests per minute ({self._name}) is reached. Try again "
            f"in {seconds} s.",
            headers={**headers, "Retry-After": str(seconds)},
        )

    def _headers(self, caller: str) -> tuple[dict[str, str], int]:
        """The headers of draft-ietf-httpapi-ratelimit-headers, and the seconds until a reset."""
        stats = self._limiter.get_window_stats(self._item, caller)
        seconds = min(WINDOW, max(1, math.ceil(stats.reset_time - time.time())))
        return {
            "RateLimit-Policy": self._policy,
            "RateLimit": f'"{self._name}";r={stats.remaining};t={seconds}',
        }, seconds


_Refuse = Callable[[Request, StockpulseError], ASGIApp]

_PROBES = {"/healthz", "/readyz"}
_SIGN_INS = {"/sign-in": 401, "/sign-in/link": 410}  # paths, and the status of a failed sign-in


class AddressBudget:
    """Middleware outside authentication: limits each address."""

    def __init__(
        self, app: ASGIApp, settings: Settings, authenticator: Authenticator, refuse: _Refuse
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._refuse = refuse
        self._all = RateLimiter("address", settings.address_rate_limit_per_minute)
        self._wrong = RateLimiter("wrong-keys", settings.refused_per_minute)
        self._repeats = RateLimiter("repeat", 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        network, is_loopback = _client_network(scope)
        is_probe = path_of(scope) in _PROBES
        try:
            if _has_key(scope):
                self._wrong.check(network)
            is_exempt = is_probe or (is_loopback and self._authenticator.is_open())
            limits = {} if is_exempt else self._all.take(network)
        except RateLimited as error:
            if not is_probe:
                await self._refuse(Request(scope), error)(scope, receive, send)
                return
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
            limits = {}

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                if _is_wrong(scope, message["status"]):
                    self._count_wrong(scope, network)
                _add_headers(message, limits)
            await send(message)

        await self._app(scope, receive, send_with_limits)

    def _count_wrong(self, scope: Scope, network: str) -> None:
        try:
            if key := Headers(scope=scope).get("authorization"):
                self._repeats.take(network + sha256(key.encode()).hexdigest())
            self._wrong.take(network)
        except RateLimited:
            return  # the same key again, or the limit is reached: the next request is rejected


class KeyBudget:
    """Middleware inside authentication: limits each key or person."""

    def __init__(self, app: ASGIApp, per_minute: int, refuse: _Refuse) -> None:
        self._app = app
        self._refuse = refuse
        self._rates = RateLimiter("key", per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        account = account_of(scope) if scope["type"] == "http" else None
        if account is None:
            await self._app(scope, receive, send)
            return
        try:
            limits = self._rates.take(account)
            scope["state"]["take"] = partial(self._rates.take, account)
        except RateLimited as error:
            await self._refuse(Request(scope), error)(scope, receive, send)
            return

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message, limits)
            await send(message)

        await self._app(scope, receive, send_with_limits)


def charge(scope: Scope, cost: int) -> dict[str, str]:
    """Count more than the one request that `KeyBudget` has counted; returns RateLimit headers.

    Raises:
        RateLimited: less is left; nothing more is counted.

    """
    take: Callable[[int], dict[str, str]] | None = scope["state"].get("take")
    return {} if take is None or not cost else take(cost)


def account_of(scope: Scope) -> str | None:
    """The account that a request counts for: its key or person; None if it is not limited.

    A session counts for its key. An anonymous request counts for its address.
    """
    identity: Identity | None = scope.get("state", {}).get("identity")
    if identity is None:
        return None
    if identity.by == "nothing":
        network, is_loopback = _client_network(scope)
        return None if is_loopback else f"address {network}"
    return f"key {identity.key_id}" if identity.key_id else f"person {identity.actor}"


def _has_key(scope: Scope) -> bool:
    path = path_of(scope)
    if path == "/sign-in/link" or (path == "/sign-in" and scope["method"] == "POST"):
        return True
    return any(name == b"authorization" for name, _ in scope["headers"])


def _is_wrong(scope: Scope, status: int) -> bool:
    return bool(scope["state"].get("refused")) or _SIGN_INS.get(path_of(scope)) == status


def _add_headers(message: Message, limits: dict[str, str]) -> None:
    """Add the headers, unless those of an inner limit are set."""
    headers = MutableHeaders(scope=message)
    for name, value in limits.items():
        headers.setdefault(name, value)


def _client_network(scope: Scope) -> tuple[str, bool]:
    client = scope.get("client")
    return network_of(client[0]) if client else ("nowhere", False)
