"""A rule as a client sends it; the pages' forms are validated by the same model."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt

from app.core.events import Reason
from app.core.rules.rule import AlertNotice, Mode, Recipient, Rule, What, When
from app.notifications.checking import LONGEST_DIGEST, MOST_RECIPIENTS
from app.notifications.schedule import time_of_day
from app.notifications.search_text import LENGTH
from app.web.schemas.fields import Name, Quantity
from app.web.schemas.product_models import Strict

_ID_CHARACTERS, _TEXT_CHARACTERS, _ADDRESS_CHARACTERS = 2_048, 400, 1_000
_MOST = 100  # products, categories or people in one rule

NoticedKind = Literal[
    "inserted", "stock_changed", "updated", "deleted", "expired", "gap", "reconciled"
]


def _time_of_day(text: str) -> str:
    time_of_day(text)
    return text


def _unique(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError("must not name the same twice")
    return values


TimeOfDay = Annotated[
    str,
    AfterValidator(_time_of_day),
    Field(json_schema_extra={"pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}),
]
_Text = Annotated[str, Field(min_length=1, max_length=_TEXT_CHARACTERS)]
Texts = Annotated[list[_Text], Field(max_length=_MOST), AfterValidator(_unique)]
_ID = Annotated[str, Field(min_length=1, max_length=_ID_CHARACTERS)]
IDs = Annotated[list[_ID], Field(max_length=_MOST), AfterValidator(_unique)]
Kinds = Annotated[list[NoticedKind], Field(max_length=10), AfterValidator(_unique)]
Alerts = Annotated[list[AlertNotice], Field(max_length=10), AfterValidator(_unique)]
Reasons = Annotated[list[Reason], Field(max_length=20), AfterValidator(_unique)]
LeastDelta = Annotated[Quantity, Field(gt=0)]
Search = Annotated[str, Field(max_length=LENGTH)]
Minutes = Annotated[StrictInt, Field(ge=1, le=LONGEST_DIGEST)]


class WhatRequest(Strict):
    """What the rule tells. It wants what any of `kinds`, `alerts` and `trouble` names.

    Without any of the three it wants all changes of products. The other fields restrict that, and
    all of them must hold.
    """

    kinds: Kinds = Field([], description="Kinds of changes. `gap`: changes that may be missing.")
    alerts: Alerts = Field(
        [], description="Alerts that open, and `back_in_stock`. See `GET /v1/alerts`."
    )
    trouble: StrictBool = Field(
        default=False, description="What keeps Stockpulse from working: its beginning and its end."
    )
    product_ids: IDs = Field([], description="Only these products.")
    categories: Texts = Field([], description="Only products of these categories.")
    actors: Texts = Field(
        [],
        description="Only changes by these people or programs. `outside`: those that were not "
        "made through Stockpulse.",
    )
    reasons: Reasons = Field([], description="Only changes for these reasons.")
    min_delta: LeastDelta | None = Field(
        None, description="Only changes of the stock by at least so many units, up or down."
    )
    crosses: Quantity | None = Field(
        None,
        description="Only changes that take the stock from above this level to the level or "
        "below, or back.",
    )
    search: Search = Field(
        "",
        description="Only products that a search finds: a query string as of `GET /v1/products`, "
        "such as `q=mug&category=Kitchen`.",
    )


class WhenRequest(Strict):
    """When messages are sent. Times of the day are `HH:MM` in the shop's time zone."""

    mode: Mode = Field(
        "at_once", description="`digest`: every `minutes`, as one message. `daily`: at `at`."
    )
    minutes: Minutes = Field(15, description="How often a digest is sent.")
    at: TimeOfDay = Field("08:00", description="When a daily digest is sent.")
    quiet_from: TimeOfDay | None = Field(
        None, description="From when on nothing is sent; what comes then is one message afterwards."
    )
    quiet_to: TimeOfDay | None = Field(None, description="Until when nothing is sent.")


class RecipientRequest(Strict):
    """Where messages are sent."""

    channel: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="The channel, such as `email`, `sns` or `webhook`."
    )
    address: Annotated[str, Field(min_length=1, max_length=_ADDRESS_CHARACTERS)] = Field(
        description="An address of this channel, or `secret:NAME` for one that the server's "
        "secrets hold."
    )


Recipients = Annotated[list[RecipientRequest], Field(min_length=1, max_length=MOST_RECIPIENTS)]


class RuleRequest(Strict):
    """A rule: what to tell, whom, and when."""

    name: Name = Field(description="The rule's name, one line of text.")
    what: WhatRequest = Field(WhatRequest(), description="What the rule tells.")
    when: WhenRequest = Field(WhenRequest(), description="When messages are sent.")
    recipients: Recipients = Field(description="Who gets the messages, and where.")
    enabled: StrictBool = Field(
        default=True, description="Whether messages are sent. What comes while not is never sent."
    )

    def rule(self, identifier: str = "", version: int = 0) -> Rule:
        """The rule with this content, which `checking.checked` has yet to accept."""
        what = self.what.model_dump()
        lists = {name: tuple(value) for name, value in what.items() if isinstance(value, list)}
        return Rule(
            id=identifier,
            name=self.name,
            what=What(**{**what, **lists}),
            recipients=tuple(Recipient(one.channel, one.address) for one in self.recipients),
            when=When(**self.when.model_dump()),
            enabled=self.enabled,
            version=version,
        )
