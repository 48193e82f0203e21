"""How a figure has changed since the period before, in a few words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.core.numbers import difference, digits, with_unit
from app.readmodel.trends.contributions import number_from
from app.readmodel.trends.series import Sum, Unit

_MORE = 3  # further units that a tile lists
_MOST_PERCENT = 999


@dataclass(frozen=True, slots=True)
class FigureTile:
    """One figure. `more` are those of further units; `change` compares with the period before."""

    label: str
    value: str
    change: str
    more: Sequence[str] = ()


def units_tile(
    label: str, now: Mapping[Unit, Sum], before: Mapping[Unit, Sum], field: str, missing: str
) -> FigureTile:
    """Units in or out (`field`), each unit for itself: quantities of two are never added up."""
    units = [*now, *(unit for unit in before if unit not in now)] or [""]
    texts = []
    for unit in units:
        new, old = (number_from(getattr(of.get(unit, Sum()), field)) for of in (now, before))
        texts.append((with_unit(grouped(new), unit), missing or change_text(new, old)))
    (value, change), *others = texts
    more = [f"{one} ({of})" if not missing else one for one, of in others[:_MORE]]
    if len(others) > _MORE:
        more.append(f"and {len(others) - _MORE} more")
    return FigureTile(label, value, change, more)


def number_tile(label: str, now: int, before: int, missing: str) -> FigureTile:
    """A number of changes."""
    return FigureTile(label, grouped(now), missing or change_text(Decimal(now), Decimal(before)))


def change_text(now: Decimal, before: Decimal, shown_before: str = "") -> str:
    """`+12 % from 230`. `shown_before` is written in place of the earlier figure."""
    text = shown_before or grouped(before)
    if now == before:
        return "as before" if now else "none before either"
    if not before:
        return "none before"
    percent = abs(difference(now, before) / before * 100)
    sign = "+" if now > before else "\N{MINUS SIGN}"
    if percent > _MOST_PERCENT:
        return f"more than ten times {text}"
    short = f"{percent:.0f}" if percent >= 10 else f"{percent:.1f}".removesuffix(".0")
    return f"about as before, {text}" if short == "0" else f"{sign}{short} % from {text}"


def grouped(number: Decimal | int) -> str:
    """All digits, with commas between thousands."""
    return f"{Decimal(digits(number)):,}"


def money(amount: Decimal, decimals: int) -> str:
    """An amount with so many decimals and commas between thousands."""
    return f"{amount:,.{decimals}f}"
