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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from app.store.api_keys import ApiKey, ApiKeys
from app.store.errors import ConditionFailed, StoreUnavailable
from app.store.secret import Secret
from app.store.sign_in import SignIn

_log = logging.getLogger(__name__)

FRESH = 1.0  # seconds that a look is good for
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


class Keyring:
    """The keys and ended sessions of a deployment, as of a second ago."""

    def __init__(
        self,
        keys: ApiKeys,
        sign_in: SignIn,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._keys = keys
        self._sign_in = sign_in
        self._monotonic = monotonic
        self._now = now
        self._loading = threading.Lock()
        self._known: Known | None = None
        self._looked = 0.0
        self._good_until = float("-inf")
        self._noted: dict[str, datetime] = {}
        self._notes = ThreadPoolExecutor(1, "key-use")

    def __enter__(self) -> Self:
        """Nothing is opened."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the last notes."""
        self._notes.shutdown(cancel_futures=True)

    def fresh(self) -> Known | None:
        """What is known, if it is new enough; never blocks."""
        return self._known if self._monotonic() < self._good_until else None

    def look(self) -> Known:
        """What is known, from a new look if need be; one looks and the others wait for it.

        Raises:
            StoreUnavailable: it cannot be reached, and the last look was too long ago.

        """
        with self._loading:
            if (known := self.fresh()) is not None:
                return known
            began = self._monotonic()
            try:
                keys = {key.id: key for key in self._keys.all()}
                self._known = Known(keys, self._sign_in.ended_sessions())
            except StoreUnavailable:
                if self._known is None or began - self._looked > STANDS:
                    raise
                self._good_until = self._monotonic() + RETRY
            else:
                self._looked = began
                self._good_until = began + FRESH
            return self._known

    def forget(self) -> None:
        """Let the next who asks look anew: this process changed something itself."""
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
