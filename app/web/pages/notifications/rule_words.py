"""What a rule wants, and when it sends, in a shop manager's words. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

from app.core.numbers import digits
from app.core.rules.rule import Recipient, What, When
from app.core.rules.secret_paths import shown_address
from app.observability.logs import masked
from app.store.notifications.inbox_news import EVERYONE

KIND_WORDS = {
    "inserted": "added",
    "stock_changed": "stock changed",
    "updated": "edited",
    "deleted": "deleted",
    "expired": "expired",
    "gap": "changes may be missing",
    "reconciled": "corrected after a gap",
}
ALERT_WORDS = {
    "low": "low",
    "out": "out of stock",
    "negative": "below zero",
    "back_in_stock": "back in stock",
}
TROUBLE_WORD = "trouble with Stockpulse"

_SEARCHED = {
    "q": "“{}”",
    "category": "category {}",
    "tag": "tag {}",
    "low": "low",
    "out": "out of stock",
    "min_stock": "stock from {}",
    "max_stock": "stock up to {}",
    "min_price": "price from {}",
    "max_price": "price up to {}",
}
_NAMED = 3  # products or people; of more, the others are counted


def kind_word(kind: str) -> str:
    """What the kind of a notice is called."""
    return {**KIND_WORDS, **ALERT_WORDS, "trouble": TROUBLE_WORD}.get(kind, kind)


def address_text(recipient: Recipient) -> str:
    """A recipient's address as pages show it, without passwords."""
    return masked(typed_address(recipient))


def typed_address(recipient: Recipient) -> str:
    """A recipient's address as a person enters it, without what may be a secret."""
    if recipient.channel == "browser" and recipient.address == EVERYONE:
        return "everyone"
    return shown_address(recipient.address)


def what_text(what: What) -> str:
    """What is told: `Low, out of stock, deleted`."""
    named = [word for kind, word in ALERT_WORDS.items() if kind in what.alerts]
    named += [word for kind, word in KIND_WORDS.items() if kind in what.kinds]
    named += [TROUBLE_WORD] if what.trouble else []
    if not (what.alerts or what.trouble) and set(what.kinds) >= KIND_WORDS.keys():
        named = []
    text = ", ".join(named) or "every change"
    return text[:1].upper() + text[1:]


def limits_of(what: What) -> list[str]:
    """What restricts a rule, one text for each condition; all of them must hold."""
    found = [
        _some(what.product_ids, "product", "products"),
        _some(what.categories, "category", "categories"),
        search_text(what.search),
        _some(what.actors, "changed by", "changed by"),
        _some(what.reasons, "reason", "reason"),
        "" if what.min_delta is None else f"at least {digits(what.min_delta)} units",
        "" if what.crosses is None else f"stock passes {digits(what.crosses)}",
    ]
    return [one for one in found if one]


def search_text(search: str) -> str:
    """A search of products in words: `“mug”, category Kitchen`; empty without one."""
    pairs = parse_qsl(search, keep_blank_values=True)
    words = [
        _SEARCHED[name].format(value)
        for name, value in pairs
        if name in _SEARCHED and (value or name in {"category", "tag"}) and value != "false"
    ]
    return f"found by {', '.join(words)}" if words else ""


def when_text(when: When) -> str:
    """When a rule sends: `Every 15 minutes, not from 22:00 to 07:00`."""
    match when.mode:
        case "at_once":
            text = "At once"
        case "daily":
            text = f"Daily at {when.at}"
        case "digest":
            text = f"Every {_minutes(when.minutes)}"
    if when.quiet_from and when.quiet_to:
        text += f", not from {when.quiet_from} to {when.quiet_to}"
    return text


def behind_text(waiting: int, first_at: int, now: datetime) -> str:
    """How far a subscription is behind: `12 wait, for 3 h`; `first_at` is in ms since 1970."""
    if not waiting:
        return "What waits is being looked up"
    since = timedelta(seconds=max(0.0, now.timestamp() - first_at / 1000))
    for unit, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if since.total_seconds() >= unit:
            return f"{waiting:,} {_wait(waiting)}, for {int(since.total_seconds() // unit)} {word}"
    return f"{waiting:,} {_wait(waiting)}"


def amount_text(amount: Decimal | None) -> str:
    """An amount as a field has it; empty if it is not set."""
    return "" if amount is None else digits(amount)


def _wait(count: int) -> str:
    return "waits" if count == 1 else "wait"


def _minutes(minutes: int) -> str:
    if minutes == 1:
        return "minute"
    if minutes % 60 == 0:
        return "hour" if minutes == 60 else f"{minutes // 60} hours"
    return f"{minutes} minutes"


def _some(values: Iterable[str], one: str, more: str) -> str:
    given = list(values)
    if not given:
        return ""
    names = ", ".join(given[:_NAMED])
    rest = f" and {len(given) - _NAMED} more" if len(given) > _NAMED else ""
    return f"{one if len(given) == 1 else more} {names}{rest}"
