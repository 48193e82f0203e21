"""The System page says whether Stockpulse is working, and shows the state behind the answer.

The state is also served as a fragment, which the script fetches to refresh the page.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.core.roles import Role
from app.web.auth.identity import identity_of
from app.web.auth.permissions import needs
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep
from app.web.services import Services
from app.web.system.finding import span
from app.web.system.health_checks import findings, headline
from app.web.system.shard_lines import shard_lines
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
    may_control = identity_of(request).role.covers(Role.ADMIN)
    found = findings(state)
    zone = ZoneInfo(services.settings.timezone)

    def local(moment: datetime | str | None) -> str:
        """A time in the configured zone; text that is not a time is returned unchanged."""
        try:
            parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        except ValueError:
            return str(moment)
        if parsed is None:
            return ""
        return (
            (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
            .astimezone(zone)
            .strftime("%Y-%m-%d %H:%M:%S")
        )

    return render(
        request,
        template,
        page="system",
        state=state,
        headline=headline(state, found),
        sure=state.condition.state == "live",
        findings=found,
        shards=shard_lines(state),
        sinks=sink_lines(state),
        may_control=may_control,
        store=state.live.store_for(is_admin=may_control),
        span=span,
        local=local,
        zone=services.settings.timezone,
    )
