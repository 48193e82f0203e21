"""What a rule sent, would have sent, and what became of a test, as responses show it."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.core.events import rfc3339
from app.core.numbers import json_number
from app.core.rules.secret_paths import shown_address
from app.notifications.desk.preview import Preview
from app.notifications.desk.sending import Sent
from app.notifications.notice import Notice
from app.observability.logs import masked
from app.store.notifications.delivery_log import Delivery
from app.web.schemas.outputs import NEXT_CURSOR, Number

_RECIPIENT = "The recipient's id."
_ANSWER = "What the other side answered, or why the message was not accepted; for people."


class NoticeOut(BaseModel):
    """One thing that a rule tells."""

    id: str = Field(description="The event's id, or that of the alert's change.")
    kind: str = Field(description="The kind of change, such as `stock_changed`, or of alert.")
    at: str = Field(description="When it happened.")
    product_id: str | None = Field(description="The product's id; null if it is of none.")
    product_name: str | None = Field(description="The product's name.")
    category: str | None = Field(description="The product's category, where it is known.")
    stock: Number | None = Field(description="The stock after it.")
    actor: str | None = Field(description="Who made the change, if that is known.")
    text: str | None = Field(description="A sentence about what is of no product, such as trouble.")


class PreviewOut(BaseModel):
    """What a rule would have sent lately, had it been as it is now."""

    since: str = Field(
        description="Since when: seven days ago, or later where so much happened that only the "
        "newest was looked at."
    )
    until: str = Field(description="Until when.")
    total: int = Field(
        description="How many changes, alerts and troubles it would have sent. Trouble of workers "
        "and connections is known only from the time from which a rule asked for it."
    )
    messages: int = Field(description="In about how many messages to each recipient.")
    items: list[NoticeOut] = Field(description="The newest of them, up to 50, newest first.")


class TestedRecipientOut(BaseModel):
    """What became of a test message."""

    recipient_id: str = Field(description=_RECIPIENT)
    channel: str = Field(description="The channel.")
    address: str = Field(description="The address.")
    accepted: bool = Field(description="Whether the other side accepted the message.")
    answer: str = Field(description=_ANSWER)


class RuleTestOut(BaseModel):
    """The outcomes of a test, one for each recipient."""

    items: list[TestedRecipientOut] = Field(description="The outcomes.")


class ToldOut(BaseModel):
    """A change, alert or trouble that a message was about."""

    id: str = Field(description="The event's id, or that of the alert's change.")
    kind: str = Field(description="Its kind.")


class DeliveryOut(BaseModel):
    """One try to send one message."""

    id: str = Field(description="The id of this line of the log.")
    at: str = Field(description="When it was tried.")
    outcome: Literal["delivered", "failed", "rejected", "dropped"] = Field(
        description="`failed`: it is tried again. `rejected`, `dropped`: it is not."
    )
    answer: str = Field(description=_ANSWER)
    recipient_id: str = Field(description=_RECIPIENT)
    channel: str = Field(description="The channel.")
    address: str = Field(description="The address.")
    message_id: str = Field(description="The message's id, the same in each try.")
    tries: int = Field(description="Which try it was.")
    took_ms: int = Field(description="How long it took, in milliseconds.")
    is_digest: bool = Field(description="Whether it was about several things at once.")
    told: list[ToldOut] = Field(description="What it was about, up to 100.")
    folded: int = Field(description="How many more things it only counted.")
    is_test: bool = Field(description="Whether it was a test: nothing had happened.")


class DeliveryPageOut(BaseModel):
    """A page of the delivery log, which is kept for 30 days."""

    items: list[DeliveryOut] = Field(description="The deliveries, newest first.")
    next_cursor: str | None = Field(description=NEXT_CURSOR)


def preview_out(preview: Preview) -> dict[str, Any]:
    """A preview as JSON values, as in `PreviewOut`."""
    return {
        "since": rfc3339(preview.since),
        "until": rfc3339(preview.until),
        "total": preview.total,
        "messages": preview.messages,
        "items": [_notice_out(one) for one in preview.notices],
    }


def tested_out(sent: list[Sent]) -> dict[str, Any]:
    """The outcomes of a test as JSON values, as in `RuleTestOut`."""
    return {
        "items": [
            {
                "recipient_id": one.recipient.id,
                "channel": one.recipient.channel,
                "address": masked(shown_address(one.recipient.address)),
                "accepted": one.accepted,
                "answer": masked(one.answer),
            }
            for one in sent
        ]
    }


def delivery_out(one: Delivery) -> dict[str, Any]:
    """A delivery as JSON values, as in `DeliveryOut`."""
    return {
        "id": one.id,
        "at": rfc3339(datetime.fromtimestamp(one.at / 1000, UTC)),
        "outcome": one.outcome,
        "answer": masked(one.answer),
        "recipient_id": one.recipient_id,
        "channel": one.channel,
        "address": masked(shown_address(one.address)),
        "message_id": one.message_id,
        "tries": one.tries,
        "took_ms": one.took,
        "is_digest": one.is_digest,
        "told": [{"id": identifier, "kind": kind} for identifier, kind in one.notices],
        "folded": one.folded,
        "is_test": one.is_test,
    }


def _notice_out(one: Notice) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "at": rfc3339(one.at),
        "product_id": one.product_id or None,
        "product_name": one.product_name or None,
        "category": one.category or None,
        "stock": json_number(one.stock),
        "actor": None if one.event is None else one.event.actor,
        "text": one.text or None,
    }
