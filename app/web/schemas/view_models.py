"""Saved views over REST."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.readmodel.events.event_query import Order
from app.store.access.saved_views import View
from app.web.schemas.product_models import Strict

Q_LENGTH = 500
SearchText = Annotated[str, Field(max_length=Q_LENGTH)]


class ViewRequest(Strict):
    """A search of events."""

    q: SearchText = Field(description="The search, as `q` of `GET /v1/events`.")
    order: Order = Field("newest", description="Which events come first.")


class ViewOut(BaseModel):
    """A saved view."""

    name: str = Field(description="The view's name.")
    kind: Literal["events"] = Field(description="What is searched.")
    q: str = Field(description="The search, as `q` of `GET /v1/events`.")
    order: Order = Field(description="Which events come first.")


class ViewPageOut(BaseModel):
    """All saved views."""

    items: list[ViewOut] = Field(description="The views, by name.")
    next_cursor: str | None = Field(description="Always null: all views are on one page.")


def view_out(view: View) -> dict[str, str]:
    """A view as JSON values, as in `ViewOut`."""
    return {"name": view.name, "kind": "events", "q": view.q, "order": view.order}
