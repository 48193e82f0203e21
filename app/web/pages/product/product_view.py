"""What the page of a product shows is in its address, so that each link keeps the rest. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from app.readmodel.events.bounds import moment
from app.web.errors import InvalidRequest

ChartRange = Literal["24h", "7d", "30d", "90d", "all"]
Tab = Literal["all", "stock", "fields"]
RANGES: tuple[ChartRange, ...] = get_args(ChartRange)
TABS: tuple[Tab, ...] = get_args(Tab)
_LENGTHS: dict[ChartRange, timedelta] = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
_SHORTEST = timedelta(seconds=1)  # of the chart: the slider begins with the product, however young


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductView:
    """The product, the chart's period, the timeline's tab, and the times that are looked at.

    `at`: the version that is shown beside the current one. `day`: the timeline goes back from its
    end. Both are as people write them, in the shop's time zone, and empty for now.
    """

    product_id: str
    range: ChartRange = "30d"
    tab: Tab = "all"
    at: str = ""
    day: str = ""

    @property
    def given(self) -> dict[str, str]:
        """The parameters of the address that differ from a new view's."""
        usual = ProductView(product_id=self.product_id)
        found = {"id": self.product_id}
        for name in ("range", "tab", "at", "day"):
            if (value := getattr(self, name)) != getattr(usual, name):
                found[name] = value
        return found

    def query(self, **changes: Any) -> str:
        """The query of the same page with these changes."""
        return urlencode(replace(self, **changes).given, errors="surrogatepass")

    def hidden(self, *without: str) -> dict[str, str]:
        """The parameters that a form sends along, except those of its own fields."""
        return {name: value for name, value in self.given.items() if name not in without}


def moment_of(name: str, text: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The last moment of a date, minute or second, but not later than now; None if it is empty.

    Raises:
        InvalidRequest: it is no date or time, or in the future.

    """
    if not text:
        return None
    try:
        begin, end = moment(text, zone)
    except ValueError as error:
        detail = str(error)
    else:
        if begin <= now.timestamp() * 1000:
            last = datetime.fromtimestamp((end - 1) / 1000, UTC)
            return min(last, now)
        detail = "must not be in the future"
    extra: dict[str, Any] = {"errors": [{"pointer": f"?{name}", "detail": detail}]}
    raise InvalidRequest(f"{name}: {detail}.", extra=extra)


def written(at: datetime, zone: ZoneInfo) -> str:
    """A moment as `at` has it: to the second, in the shop's time zone."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")


def axis_begin(chart: ChartRange, first: datetime | None, now: datetime) -> datetime:
    """Where the chart begins: with its period, or with the product's first change if that is later.

    So a product that is younger than the period has the whole width.
    """
    length = _LENGTHS.get(chart)
    begins = [] if length is None else [now - length]
    if first is not None:
        begins.append(first - timedelta(milliseconds=1))  # all changes of that moment are steps
    return min(max(begins, default=now - _LENGTHS["30d"]), now - _SHORTEST)
