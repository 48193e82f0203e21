"""What a Watch button fills into the form of a new rule. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from app.core.events import REASONS
from app.notifications.search_text import can_select, is_yes
from app.readmodel.events.qualifiers import Token, tokens
from app.web.pages.notifications.rule_fields import ticked
from app.web.pages.notifications.rule_words import KIND_WORDS, search_text

LONGEST = 500  # characters of what is watched
_NAME = 60  # characters that a name begins with
_LEAST = re.compile(r">=?([0-9]+(?:\.[0-9]+)?)")
_STOCK_ALERTS = ticked("alert_low", "alert_out", "alert_back_in_stock")
# By what a list is restricted to, the boxes of what a product does that enters it.
_ENTERED = {
    "low": ("alert_low", "alert_out"),
    "out": ("alert_out", "alert_negative"),
    "deleted": ("kind_deleted",),
}
_LISTED = {"product": "product_ids", "category": "categories", "actor": "actors"}


@dataclass(frozen=True, slots=True)
class Preset:
    """The fields, and the conditions of a search that a rule cannot have."""

    fields: dict[str, str]
    left_out: tuple[str, ...] = ()


def of_product(product_id: str, name: str) -> Preset:
    """To watch one product: whether it is low, out, or in stock again."""
    return Preset({"name": name[:_NAME], "product_ids": product_id, **_STOCK_ALERTS})


def of_category(category: str) -> Preset:
    """To watch the products of a category."""
    return Preset({"name": category[:_NAME], "categories": category, **_STOCK_ALERTS})


def of_list(query: str, saved_as: str = "") -> Preset:
    """To watch the products of a list; `query` is its query string, `saved_as` a name of it.

    A product that becomes low, out or deleted enters the list of these. So such a list is watched
    by the alert or the kind of change. In the rule's search, "low" would also have to hold when a
    product is back in stock, so no message would ever be sent about that.
    """
    given = dict(parse_qsl(query, keep_blank_values=True))
    name = search_text(query).removeprefix("found by ")
    flags = {flag for flag in _ENTERED if is_yes(given.pop(flag, ""))}
    boxes = ticked(
        *dict.fromkeys(box for flag in _ENTERED if flag in flags for box in _ENTERED[flag])
    )
    left_out = [f"{one}={text}" for one, text in given.items() if not _is_kept(one)]
    search = {one: text for one, text in given.items() if can_select(one)}
    narrowed = {"search": urlencode(search)} if search else {}
    if search.keys() == {"category"} and search["category"]:
        narrowed = {"categories": search["category"]}
    if "deleted" in flags:
        name = f"Deleted: {name}" if name else "Deleted products"
    name = saved_as[:_NAME] or name[:1].upper() + name[1:_NAME]
    fields = {"name": name, **narrowed, **(boxes or _STOCK_ALERTS)}
    return Preset(fields, tuple(left_out))


def of_view(name: str, q: str) -> Preset:
    """To watch the changes that a saved search of the Audit page finds."""
    lists: dict[str, list[str]] = {}
    fields: dict[str, str] = {"name": name[:_NAME]}
    left_out = []
    for token in tokens(q):
        if (listed := _listed(token)) is not None:
            lists.setdefault(listed[0], []).append(listed[1])
        elif (box := _box(token)) is not None:
            fields |= ticked(box)
        elif (least := _least(token)) is not None:
            fields["min_delta"] = least
        else:
            left_out.append(token.text)
    return Preset(
        fields | {field: "\n".join(lines) for field, lines in lists.items()}, tuple(left_out)
    )


def _is_kept(name: str) -> bool:
    """Whether a rule can hold a parameter of a list, or it selects nothing."""
    return can_select(name) or name in {"sort", "cursor", "limit"}


def _listed(token: Token) -> tuple[str, str] | None:
    """The field and the line of a qualifier."""
    if token.negated:
        return None
    if token.name == "outside" and token.value.lower() == "true":
        return "actors", "outside"
    field = _LISTED.get(token.name or "")
    return None if field is None else (field, token.value)


def _box(token: Token) -> str | None:
    """The box of a qualifier."""
    value = token.value.lower()
    if not token.negated:
        if token.name == "kind" and value in KIND_WORDS:
            return f"kind_{value}"
        if token.name == "reason" and value in REASONS:
            return f"reason_{value}"
    return None


def _least(token: Token) -> str | None:
    """The least number of units of a qualifier `delta:>=10`."""
    match = _LEAST.fullmatch(token.value)
    is_least = token.name == "delta" and not token.negated and match is not None
    return match[1] if is_least and match is not None and token.value.startswith(">=") else None
