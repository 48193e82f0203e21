"""An event is one line, which cannot control a terminal whatever the tables hold. Pure."""

from zoneinfo import ZoneInfo

from app.core import json_text
from app.core.events import ChangeEvent, cloud_event
from app.observability.logs import escaped
from app.web.pages.event_rows import row_of

# JSON may contain these as they are, but a terminal could obey some of them.
_CONTROLS = {code: f"\\u{code:04x}" for code in (*range(127, 160), 0x2028, 0x2029)}


def human_line(event: ChangeEvent, zone: ZoneInfo, stock_name: str) -> str:
    """When, what, which product, by whom and why, with the time in `zone`."""
    row = row_of(event, zone, stock_name)
    because = [row.reason, f'"{row.note}"' if row.note else ""]
    because.append(f"(ref {row.reference})" if row.reference else "")
    parts = (
        f"{row.date} {row.clock}",
        row.label.ljust(13),
        f"{row.shown_id} {row.name}".strip(),
        row.change,
        f"by {row.who}" if row.who else "",
        " ".join(filter(None, because)),
    )
    return escaped("  ".join(filter(None, parts)))


def json_line(event: ChangeEvent, table: str) -> str:
    """The event as in `GET /v1/events`, without its cursor; `table` is the products table."""
    return json_text.dumps(cloud_event(event, table)).decode().translate(_CONTROLS)
