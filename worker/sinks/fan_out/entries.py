"""How far one delivery is: which events wait, which are accepted, and which are rejected. Pure."""

from collections.abc import Sequence

from app.core.events import ChangeEvent
from worker.consumers.sink import Rejected
from worker.sinks.fan_out.aws_refusal import Refusal
from worker.sinks.fan_out.message import MOST, Form, Message, request_of


class Entries:
    """The events of one delivery."""

    def __init__(self, events: Sequence[ChangeEvent], form: Form) -> None:
        self._order = [event.id for event in events]
        self._events = {event.id: event for event in events}
        self._form = form
        self._waiting = {event.id: form.message(event) for event in events}
        self._errors: dict[str, str] = {}
        self._most = MOST

    def next_request(self) -> list[Message]:
        """The messages to send next; none at the end."""
        return request_of(list(self._waiting.values()), self._most)

    @property
    def accepted(self) -> int:
        """How many events from the first on were accepted."""
        numbers = enumerate(self._order)
        is_open = (at for at, one in numbers if one in self._waiting or one in self._errors)
        return next(is_open, len(self._order))

    @property
    def rejected(self) -> list[Rejected]:
        """The events that were rejected."""
        return [Rejected(self._events[name], error) for name, error in self._errors.items()]

    def settle(self, sent: Sequence[Message], refusals: Sequence[Refusal | None]) -> Refusal | None:
        """Note the answer for each message; returns why one has to be sent again, if any has."""
        trouble: Refusal | None = None
        for message, refusal in zip(sent, refusals, strict=True):
            if refusal is None:
                del self._waiting[message.id]
            elif refusal.meaning == "rejected":
                del self._waiting[message.id]
                self._errors[message.id] = f"{refusal.code}: {refusal.text}"
            elif refusal.meaning == "too large" and not message.by_reference:
                self._waiting[message.id] = self._form.reference(self._events[message.id])
            else:
                trouble = trouble or refusal
        return trouble

    def settle_all(self, sent: Sequence[Message], refusal: Refusal) -> Refusal | None:
        """Note that a whole request was refused; returns why it has to be repeated, if it has."""
        if len(sent) == 1 or refusal.meaning == "later":
            return self.settle(sent, [refusal] * len(sent))
        self._most = 1  # one of them has a fault, or together they are too large
        return None
