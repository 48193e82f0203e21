"""A page shows a time of day, or the date of another day; the whole time is one step away.

The script turns these into ages such as "3 min ago" (`static/shell/times.js`), and shows the whole
time in the reader's zone and the shop's.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from app.core.events import rfc3339


def short_time(local: datetime, today: date) -> str:
    """`14:02:11` today, `27 Nov` on another day of this year, `2025-11-27` in another year."""
    if local.date() == today:
        return local.strftime("%H:%M:%S")
    if local.year == today.year:
        return f"{local.day} {local:%b}"
    return local.strftime("%Y-%m-%d")


def time_element(moment: datetime, zone: ZoneInfo, now: datetime) -> Markup:
    """A `<time>` with its short text; its title is the whole time in `zone`."""
    local = moment.astimezone(zone)
    return Markup('<time datetime="{}" title="{} {}">{}</time>').format(
        rfc3339(moment.astimezone(UTC)),
        local.strftime("%Y-%m-%d %H:%M:%S"),
        zone.key,
        short_time(local, now.astimezone(zone).date()),
    )
