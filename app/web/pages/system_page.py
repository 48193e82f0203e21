"""The System page says whether Stockpulse is working, and shows the state behind the answer.

The state is also served as a fragment, which the script fetches to refresh the page.
"""

import platform
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app.core.roles import Role
from app.web.auth.identity import identity_of
from app.web.auth.permissions import needs
from app.web.pages.templating import render, time_element
from app.web.requests.parameters import ServicesDep
from app.web.services import Services
from app.web.system.finding import span
from app.web.system.health_checks import findings, headline
from app.web.system.hops import hops
from app.web.system.shard_lines import ShardLine, shard_lines
from app.web.system.sink_lines import sink_lines

router = APIRouter(dependencies=[needs(Role.VIEWER)])


@router.get("/system")
async def system_page(request: Request, services: ServicesDep) -> HTMLResponse:
    """The whole page."""
    return await _rendered(request, services, "system.html")


@router.get("/system/state")
async def system_state(request: Request, services: ServicesDep) -> HTMLResponse:
    """The state alone, as a fragment of HTML."""
    return await _rendered(request, services, "system_state.html")


async def _rendered(request: Request, services: Services, template: str) -> HTMLResponse:
    state = await services.system.current()
    is_admin = identity_of(request).role.covers(Role.ADMIN)
    found, lines, way = findings(state), shard_lines(state), hops(state)
    zone = ZoneInfo(services.settings.timezone)

    def moment(at: datetime | str | None) -> Markup | str:
        """A time as all pages show it; text that is not a time is returned unchanged."""
        try:
            parsed = datetime.fromisoformat(at) if isinstance(at, str) else at
        except ValueError:
            return str(at)
        if parsed is None:
            return ""
        known = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return time_element(known, zone, state.as_of)

    return render(
        request,
        template,
        page="system",
        state=state,
        headline=headline(state, found),
        sure=state.condition.state == "live",
        findings=found,
        hops=way,
        gaps_in_way=list(dict.fromkeys(hop.why for hop in way if hop.why and not hop.took)),
        shards=lines,
        shards_say=_in_short(lines),
        sinks=sink_lines(state),
        rebuilt={"search"} if services.settings.search_url is not None else set(),
        is_admin=is_admin,
        may_control=is_admin and not services.settings.read_only,
        store=state.live.store_for(is_admin=is_admin),
        versions=_versions() if is_admin else [],
        span=span,
        moment=moment,
        local=lambda at: at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
        zone=services.settings.timezone,
    )


def _in_short(shards: Sequence[ShardLine]) -> str:
    """How many parts of the stream are read, and how far the last one is behind."""
    open_ones = [line for line in shards if not line.finished]
    if not open_ones:
        return "none is known yet"
    count = "1 part" if len(open_ones) == 1 else f"{len(open_ones)} parts"
    lags = [line.lag for line in open_ones]
    if any(lag is None for lag in lags):
        return f"{count}, not all are read"
    return f"{count}, {span(max(lag or 0.0 for lag in lags))} behind"


def _versions() -> list[tuple[str, str]]:
    """What this server runs on, for admins: others could look for known weaknesses."""
    return [
        ("Python", platform.python_version()),
        ("SQLite", sqlite3.sqlite_version),
        *((name, metadata.version(name)) for name in ("fastapi", "boto3")),
    ]
