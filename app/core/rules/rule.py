"""A rule says what to tell, whom, and when. One rule and one recipient are a subscription."""

from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Literal

# Besides kinds of events: what happens to a product's alerts, and to Stockpulse itself.
AlertNotice = Literal["low", "out", "negative", "back_in_stock"]
Mode = Literal["at_once", "digest", "daily"]
OPERATOR = "webhook"  # the id of the rule that the settings make; stored ones have hex digits


@dataclass(frozen=True, slots=True)
class What:
    """The notices that a rule wants. An empty field does not restrict; all given ones must hold.

    `kinds` are kinds of events (`inserted`, `stock_changed`, …, `gap`); `alerts` are changes of
    alerts; `trouble`: what keeps Stockpulse from working. A rule wants a notice that any of the
    three names, and the other fields restrict those of products: `search` is a query string of the
    list of products, such as `q=mug&category=Kitchen`. `crosses`: a stock that passes this level,
    in either direction.
    """

    kinds: tuple[str, ...] = ()
    alerts: tuple[AlertNotice, ...] = ()
    trouble: bool = False
    product_ids: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    min_delta: Decimal | None = None
    crosses: Decimal | None = None
    search: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """When a rule's notices are sent; times of the day are `HH:MM` in the shop's time zone.

    `digest`: every `minutes`; `daily`: at `at`. Between `quiet_from` and `quiet_to`, which may be
    after midnight, nothing is sent: what comes then is one digest afterwards.
    """

    mode: Mode = "at_once"
    minutes: int = 15
    at: str = "08:00"
    quiet_from: str | None = None
    quiet_to: str | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where to send: an address of one channel, such as ("email", "ann@shop.example").

    An address that is a secret is `secret:NAME`, which the secrets of the process resolve
    (`app.notifications.secrets`). `generation` counts the rotations of a webhook's secret, and
    `rotated_at` is the time of the last one, in ms since 1970; 0: it was never rotated.
    """

    channel: str
    address: str
    generation: int = 1
    rotated_at: int = 0

    @property
    def id(self) -> str:
        """16 hex digits, the same for the same channel and address."""
        return sha256(f"{self.channel}\0{self.address}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Wording:
    """What a rule wanted from a time on, in ms since 1970; nothing while it was not enabled."""

    since: int
    what: What
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """A stored rule; `version` counts its writes and is its ETag.

    `disabled`: the ids of recipients that bounced, unsubscribed or answered that they want nothing
    more, each with the reason. `since`: ms since 1970 from which this wording applies; notices from
    before it follow the rule's wording of that time, which is in `former` (oldest first).
    """

    id: str
    name: str
    what: What
    recipients: tuple[Recipient, ...]
    when: When = field(default_factory=When)
    enabled: bool = True
    version: int = 1
    since: int = 0
    created_by: str = ""
    created_at: str = ""
    disabled: tuple[tuple[str, str], ...] = ()
    former: tuple[Wording, ...] = ()

    @property
    def etag(self) -> str:
        """The ETag of this version."""
        return f'"{self.version}"'

    @property
    def reachable(self) -> tuple[Recipient, ...]:
        """The recipients that are not disabled."""
        gone = {identifier for identifier, _ in self.disabled}
        return tuple(one for one in self.recipients if one.id not in gone)


@dataclass(frozen=True, slots=True)
class UnreadableRule:
    """A stored rule that this version of Stockpulse cannot read, because a newer one wrote it.

    It is not deleted: its messages wait until a process reads it. `name` is empty if it is not
    known either.
    """

    id: str
    name: str = ""
    version: int = 0


def subscription_id(rule_id: str, recipient_id: str) -> str:
    """The id of a subscription: a rule and one of its recipients."""
    return f"{rule_id}-{recipient_id}"
