"""An alert is quiet until a time in the future, which is at most about a year away."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.store.alerts.alert import Order
from app.web.errors import InvalidRequest
from app.web.schemas.alert_models import OrderRequest, SnoozeRequest

_LONGEST = timedelta(days=366)


def snoozed_until(body: SnoozeRequest) -> int:
    """When the alert opens again, in ms since 1970.

    Raises:
        InvalidRequest: not in the future, or too far away.

    """
    return _checked(body.until, "until")


def order_of(body: OrderRequest, zone: ZoneInfo) -> Order:
    """The order, which is overdue once its day has ended in the shop's time zone.

    Raises:
        InvalidRequest: that is not in the future, or too far away.

    """
    ends = datetime.combine(body.expected, time.max, zone)
    return Order(body.quantity, body.expected.isoformat(), _checked(ends, "expected"))


def _checked(moment: datetime, field: str) -> int:
    now = datetime.now(UTC)
    if now < moment <= now + _LONGEST:
        return int(moment.timestamp() * 1000)
    detail = "must not be in the past" if moment <= now else "must be at most a year from now"
    raise InvalidRequest(
        f"{field} {detail}.", extra={"errors": [{"pointer": f"/{field}", "detail": detail}]}
    )
