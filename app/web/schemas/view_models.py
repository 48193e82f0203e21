"""Saved views over REST."""

from typing import Annotated

from pydantic import BaseModel, Field

from app.readmodel.events.event_query import Order
from app.store.access.saved_views import Kind, View
from app.web.schemas.product_models import Strict

Q_LENGTH = 500
SearchText = Annotated[str, Field(max_length=Q_LENGTH)]

_SEARCH = (
    "Of events: the search, as `q` of `GET /v1/events`. Of products: the query string of "
    "`GET /v1/products` without `limit` and `cursor`, such as `q=mug&low=true&sort=-stock`."
)
_ORDER = "Which events come first. Products have their order in `q`."


class ViewRequest(Strict):
    """A search of events or of products."""

    kind: Kind = Field("events", description="What is searched.")
    q: SearchText = Field(description=_SEARCH)
    order: Order = Field("newest", description=_ORDER)


class ViewOut(BaseModel):
    """A saved view."""

    name: str = Field(description="The view's name.")
    kind: Kind = Field(description="What is searched.")
    q: str = Field(description=_SEARCH)
    order: Order = Field(description=_ORDER)


class ViewPageOut(BaseModel):
    """All saved views."""

    items: list[ViewOut] = Field(description="The views, by name.")
    next_cursor: str | None = Field(description="Always null: all views are on one page.")


def view_out(view: View) -> dict[str, str]:
    """A view as JSON values, as in `ViewOut`."""
    return {"name": view.name, "kind": view.kind, "q": view.q, "order": view.order}
