"""Where a reader of the Alerts page is: the address has all of it, so that links keep it. Pure."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlencode

from fastapi import Depends, Query

from app.store.alerts.alert import AlertState
from app.web.requests.parameters import ServicesDep

Tab = Literal["open", "ordered", "snoozed", "resolved", "reorder"]
TABS: tuple[Tab, ...] = get_args(Tab)
STATES: dict[Tab, tuple[AlertState, ...]] = {
    "open": ("open", "acknowledged"),
    "ordered": ("ordered",),
    "snoozed": ("snoozed",),
    "resolved": ("resolved",),
    "reorder": ("open", "acknowledged"),
}
DAYS = (14, 30, 60, 90)  # for how long a suggested quantity lasts
MOST_PAGES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPlace:
    """A page of a tab.

    Tabs are sorted by urgency, in numbered pages. Sorted by time, in which `cursor` is the place,
    are the resolved alerts, and those that are too many to be sorted. `days`: for how long the
    quantities of the reorder list last.
    """

    path: str
    tab: Tab = "open"
    number: int = 1
    by_time: bool = False
    cursor: str | None = None
    days: int = 30

    @property
    def is_by_time(self) -> bool:
        """Whether the newest state comes first."""
        return self.by_time or self.tab == "resolved"

    def of(self, tab: Tab) -> str:
        """The first page of a tab."""
        return AlertPlace(path=self.path, tab=tab, days=self.days).here()

    def page(self, cursor: str | None = None) -> str:
        """The page after the cursor; without one the first of this list."""
        return replace(self, number=1, cursor=cursor).here()

    def numbered(self, number: int) -> str:
        """Another page of this list."""
        return replace(self, number=number).here()

    def lasting(self, days: int) -> str:
        """The reorder list with quantities that last so long."""
        return replace(self, number=1, days=days).here()

    def newest_first(self) -> str:
        """All alerts of this tab by time."""
        return replace(self, number=1, by_time=True).here()

    def here(self) -> str:
        """This page."""
        return self._address("")

    def export(self) -> str:
        """The page that exports the reorder list."""
        return self._address("/export")

    def file(self, form: str) -> str:
        """The reorder list as a file of this format."""
        return self._address("/export/file", format=form)

    def _address(self, below: str, **more: str) -> str:
        given: dict[str, Any] = {
            "tab": self.tab if self.tab != "open" else None,
            "page": self.number if self.number > 1 else None,
            "order": "newest" if self.by_time else None,
            "cursor": self.cursor,
            "days": self.days if self.days != AlertPlace(path="").days else None,
            **more,
        }
        query = urlencode({name: value for name, value in given.items() if value})
        path = self.path + below
        return f"{path}?{query}" if query else path


async def _place(
    services: ServicesDep,
    tab: Annotated[Tab, Query()] = "open",
    number: Annotated[int, Query(alias="page", ge=1, le=MOST_PAGES)] = 1,
    order: Literal["newest", ""] = "",
    cursor: Annotated[str | None, Query()] = None,
    days: Annotated[int, Query(ge=1, le=366)] = 30,
) -> AlertPlace:
    by_time = order == "newest" and tab not in {"resolved", "reorder"}
    path = f"{services.settings.base_path}/alerts"
    place = AlertPlace(path=path, tab=tab, number=number, by_time=by_time, cursor=cursor, days=days)
    return place if place.is_by_time else replace(place, cursor=None)


PlaceDep = Annotated[AlertPlace, Depends(_place)]
