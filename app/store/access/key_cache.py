"""API keys are read from the store at most once a second, however many requests arrive.

Requests share that read, guessed keys cause no reads of their own, and a revocation takes effect
within a second. While the store cannot be reached, the last snapshot stays valid for five minutes:
stored data is unreachable then anyway, and the pages keep showing what they hold in memory. After
that every credential is rejected.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from app.core.errors import ConditionFailed, StoreUnavailable
from app.store.access.api_key_secret import Secret
from app.store.access.api_keys import ApiKeys, RefusedKey
from app.store.access.key_row import ApiKey
from app.store.access.sign_in_links import SignInLinks

_log = logging.getLogger(__name__)

FRESH = 1.0  # seconds for which a snapshot is current
PATIENCE = 1.0  # seconds to wait for a read while an older snapshot is valid
RETRY = 5.0  # seconds until the next read after a failed one
HANGING = 6.0  # seconds until a read that runs is reported; it takes two calls
STALE_LIMIT = 300.0  # seconds for which a snapshot stays valid while the store is unavailable
USE_INTERVAL = timedelta(minutes=1)  # between two updates of a key's last use


@dataclass(frozen=True, slots=True)
class KeySnapshot:
    """All API keys and ended sessions, from one read of the store.

    `refused` are the rows of keys that do not count. `was_closed`: an earlier read has found a key.
    """

    keys: Mapping[str, ApiKey]
    ended_sessions: frozenset[str] = frozenset()
    refused: Sequence[RefusedKey] = ()
    was_closed: bool = False

    @property
    def credentials_required(self) -> bool:
        """Whether credentials are required: a key has been created, even if revoked since.

        Deleting rows or spoiling their signatures never opens a running server.
        """
        return bool(self.keys) or bool(self.refused) or self.was_closed

    def key_of(self, secret: Secret, now: datetime) -> ApiKey | None:
        """The usable key with this secret, or None; an unknown id takes equally long."""
        key = self.keys.get(secret.key_id)
        fits = secret.matches(None if key is None else key.hash)
        return key if fits and key is not None and key.usable(now) else None


class KeyCache:
    """The keys and ended sessions of a deployment, at most a second old."""

    def __init__(
        self,
        keys: ApiKeys,
        sign_in: SignInLinks,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: float = PATIENCE,
    ) -> None:
        self._keys = keys
        self._sign_in = sign_in
        self._monotonic = monotonic
        self._now = now
        self._patience = patience
        self._lock = threading.Lock()
        self._pending: Future[KeySnapshot] | None = None
        self._began = 0.0
        self._known: KeySnapshot | None = None
        self._read_at = 0.0
        self._good_until = float("-inf")
        self._trouble: str | None = None
        self._use_recorded: dict[str, datetime] = {}
        self._reader = ThreadPoolExecutor(1, "key-read")
        self._writer = ThreadPoolExecutor(1, "key-use")

    def __enter__(self) -> Self:
        """Return the cache; nothing is opened."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Wait for running reads and writes."""
        self._writer.shutdown(cancel_futures=True)
        self._reader.shutdown(cancel_futures=True)

    def fresh(self) -> KeySnapshot | None:
        """The snapshot if it is current, else None; never blocks."""
        return self._known if self._monotonic() < self._good_until else None

    def current(self) -> KeySnapshot:
        """A current snapshot; reads the store if necessary, once for all callers that wait.

        While an older snapshot is valid, callers wait only briefly for a store that does not
        answer, and then get the older one.

        Raises:
            StoreUnavailable: the store cannot be reached, and no snapshot is valid.

        """
        known = self.fresh()
        if known is not None:
            return known
        pending, began = self._begin()
        last = self._last()
        if last is None:
            return pending.result()
        try:
            return pending.result(max(0.0, began + self._patience - self._monotonic()))
        except TimeoutError:
            return last

    def latest(self) -> KeySnapshot | None:
        """The last valid snapshot without waiting; starts a read if it is not current."""
        known = self.fresh()
        if known is None:
            self._begin()
        return known or self._last()

    def refused_keys(self) -> int:
        """How many stored keys the last valid snapshot refuses; never blocks."""
        known = self.latest()
        return 0 if known is None else len(known.refused)

    def problem(self) -> str | None:
        """Why the last read of the store failed, or that the running one hangs; never blocks."""
        with self._lock:
            pending, waited = self._pending, self._monotonic() - self._began
        if pending is not None and not pending.done() and waited > HANGING:
            return f"DynamoDB has not answered for {waited:.0f} s."
        return self._trouble

    def _begin(self) -> tuple["Future[KeySnapshot]", float]:
        """The running read, or a new one, and when it began."""
        with self._lock:
            if self._pending is None or self._pending.done():
                self._began = self._monotonic()
                self._pending = self._reader.submit(self._read, self._began)
            return self._pending, self._began

    def _read(self, began: float) -> KeySnapshot:
        try:
            stored = self._keys.read()
            known = KeySnapshot(
                {key.id: key for key in stored.keys},
                self._sign_in.ended_sessions(),
                tuple(stored.refused),
                was_closed=self._known is not None and self._known.credentials_required,
            )
        except StoreUnavailable as error:
            self._trouble = error.detail
            last = self._last()
            if last is None:
                raise
            self._good_until = self._monotonic() + RETRY
            return last
        self._report(known.refused)
        self._known, self._read_at, self._trouble = known, began, None
        self._good_until = began + FRESH
        return known

    def _report(self, refused: Sequence[RefusedKey]) -> None:
        """Log each refused row once."""
        before = () if self._known is None else self._known.refused
        for row in refused:
            if row not in before:
                _log.error(
                    "refused the API key %s, stored as %r: %s. Delete it with `stockpulse key "
                    "revoke ID`, and create the key again if it was yours",
                    row.id,
                    row.name,
                    row.why,
                )

    def _last(self) -> KeySnapshot | None:
        """The last snapshot, if it is still valid."""
        is_valid = self._monotonic() - self._read_at <= STALE_LIMIT
        return self._known if is_valid else None

    def forget(self) -> None:
        """Make the next caller read the store again: this process has changed something."""
        with self._lock:
            self._pending = None  # a running read may have begun before the change
            self._good_until = float("-inf")

    def note_use(self, key: ApiKey) -> None:
        """Record that a key was used: on another thread, and at most once a minute per key."""
        now = self._now()
        times = (self._use_recorded.get(key.id), key.last_used_at)
        if any(time is not None and now - time < USE_INTERVAL for time in times):
            return
        self._use_recorded[key.id] = now
        self._writer.submit(self._record, key.id, now)

    def _record(self, key_id: str, at: datetime) -> None:
        try:
            self._keys.record_use(key_id, at)
        except (StoreUnavailable, ConditionFailed) as error:  # a later use is recorded instead
            _log.debug("could not record the last use of key %s: %s", key_id, error)
