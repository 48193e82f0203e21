"""A refused action on an alert says which id or state is wrong."""

from app.core.errors import StockpulseError


class AlertNotFound(StockpulseError):
    """No alert has this id."""

    status = 404
    code = "alert-not-found"
    title = "Alert not found"


class AlertResolved(StockpulseError):
    """The alert is resolved, so there is nothing to act on."""

    status = 409
    code = "alert-resolved"
    title = "The alert is resolved"


class AlertChanged(StockpulseError):
    """Somebody has done something else about the alert since, which an undo must not take back."""

    status = 409
    code = "alert-changed"
    title = "The alert has changed"
