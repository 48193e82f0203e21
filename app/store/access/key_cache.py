"""Who is let in is known from one look at the store a second, however many ask.

So no request waits for the store on its own account, a guessed key costs it nothing, and a
revocation is seen a second later. While the store cannot be reached the last look stands
for some minutes: what is stored cannot be reached by anyone then, and the pages go on
showing what they hold. After that nobody is let in.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from app.core.errors import ConditionFailed, StoreUnavailable
from app.store.access.api_key_secret import Secret
from app.store.access.api_keys import ApiKey, ApiKeys
from app.store.access.sign_in_links import SignInLinks

_log = logging.getLogger(__name__)

FRESH = 1.0  # seconds that a look is good for
PATIENCE = 1.0  # seconds that a look is waited for while the one before stands
RETRY = 5.0  # seconds until the next look after one that failed
STANDS = 300.0  # seconds that the last look stands for while the store is away
NOTED = timedelta(minutes=1)  # between two notes of a key's use


@dataclass(frozen=True, slots=True)
class Known:
    """What one look at the store found."""

    keys: Mapping[str, ApiKey]
    ended: frozenset[str] = frozenset()

    @property
    def closed(self) -> bool:
        """Whether credentials are asked for: a key was made, be it revoked since."""
        return bool(self.keys)

    def holder(self, secret: Secret, now: datetime) -> ApiKey | None:
        """The usable key of this secret; an unknown id is compared, too, and takes as long."""
        key = self.keys.get(secret.key_id)
        fits = secret.matches(None if key is None else key.hash)
        return key if fits and key is not None and key.usable(now) else None


class KeyCache:
    """The keys and ended sessions of a deployment, as of a second ago."""

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
        self._look: Future[Known] | None = None
        self._began = 0.0
        self._known: Known | None = None
        self._looked = 0.0
        self._good_until = float("-inf")
        self._noted: dict[str, datetime] = {}
        self._looks = ThreadPoolExecutor(1, "key-look")
        self._notes = ThreadPoolExecutor(1, "key-use")

    def __enter__(self) -> Self:
        """Nothing is opened."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Wait for what is under way."""
        self._notes.shutdown(cancel_futures=True)
        self._looks.shutdown(cancel_futures=True)

    def fresh(self) -> Known | None:
        """What is known, if it is new enough; never blocks."""
        return self._known if self._monotonic() < self._good_until else None

    def look(self) -> Known:
        """What is known, from a new look if need be; one looks and the others wait for it.

        Nobody waits long for a store that is silent while the last look stands.

        Raises:
            StoreUnavailable: it cannot be reached, and the last look was too long ago.

        """
        known = self.fresh()
        if known is not None:
            return known
        look, began = self._begin()
        last = self._last()
        if last is None:
            return look.result()
        try:
            return look.result(max(0.0, began + self._patience - self._monotonic()))
        except TimeoutError:
            return last

    def glance(self) -> Known | None:
        """What is known without waiting, perhaps of a while ago; the next who asks knows better."""
        known = self.fresh()
        if known is None:
            self._begin()
        return known or self._last()

    def _begin(self) -> tuple["Future[Known]", float]:
        """The look that is under way, or a new one, and when it began."""
        with self._lock:
            if self._look is None or self._look.done():
                self._began = self._monotonic()
                self._look = self._looks.submit(self._ask, self._began)
            return self._look, self._began

    def _ask(self, began: float) -> Known:
        try:
            keys = {key.id: key for key in self._keys.all()}
            known = Known(keys, self._sign_in.ended_sessions())
        except StoreUnavailable:
            last = self._last()
            if last is None:
                raise
            self._good_until = self._monotonic() + RETRY
            return last
        self._known, self._looked = known, began
        self._good_until = began + FRESH
        return known

    def _last(self) -> Known | None:
        """The last look, if it still stands."""
        stands = self._monotonic() - self._looked <= STANDS
        return self._known if stands else None

    def forget(self) -> None:
        """Let the next who asks look anew: this process changed something itself."""
        with self._lock:
            self._look = None  # one that is under way may have begun before the change
            self._good_until = float("-inf")

    def note_use(self, key: ApiKey) -> None:
        """Note that a key is in use, off this thread and once a minute at most."""
        now = self._now()
        times = (self._noted.get(key.id), key.last_used_at)
        if any(time is not None and now - time < NOTED for time in times):
            return
        self._noted[key.id] = now
        self._notes.submit(self._note, key.id, now)

    def _note(self, key_id: str, at: datetime) -> None:
        try:
            self._keys.used(key_id, at)
        except (StoreUnavailable, ConditionFailed) as error:  # the next minute's note will do
            _log.debug("a key's last use was not noted: %s", error)
