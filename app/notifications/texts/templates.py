"""A message becomes text for people: its subject, plain text and HTML, from templates.

Jinja2 is imported for the first message only: most processes send none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from app.config.settings import Settings
from app.notifications.notice import Message, Notice
from app.notifications.texts.sentences import headline, one_line, sentence, subject

if TYPE_CHECKING:
    from app.notifications.texts.rendering import Templates


@dataclass(frozen=True, slots=True)
class Line:
    """One notice in a template: `text` is its sentence, `time` in the shop's time zone."""

    text: str
    headline: str
    time: str
    url: str
    kind: str
    product_id: str
    product_name: str
    category: str
    stock: Decimal | None


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered message; the subject is one line."""

    subject: str
    body: str
    html: str


class Texts:
    """Renders messages, from any thread."""

    def __init__(
        self, folder: Path | None = None, home: str | None = None, timezone: str = "UTC"
    ) -> None:
        """`home` is the address of this server, for links; None: texts have none.

        Raises:
            SettingsError: a template in `folder` does not render.

        """
        self._home = home
        self._zone = ZoneInfo(timezone)
        self._folder = folder
        if folder is not None:
            self._templates.try_all([self._values(message) for message in samples()])

    def text(self, message: Message) -> Text:
        """The message's subject and bodies."""
        values = self._values(message)
        first = self._templates.rendered("subject.txt", values)
        body = self._templates.rendered("body.txt", values)
        html = self._templates.rendered("body.html", values)
        return Text(one_line(first, 200) or subject(message), body.strip() + "\n", html)

    @cached_property
    def _templates(self) -> "Templates":
        from app.notifications.texts.rendering import Templates

        return Templates(self._folder)

    def _values(self, message: Message) -> dict[str, Any]:
        return {
            "subject": subject(message),
            "rule": one_line(message.rule_name),
            "lines": [self._line(notice) for notice in message.notices],
            "count": len(message.notices) + message.folded,
            "folded": message.folded,
            "digest": message.is_digest,
            "test": message.is_test,
            "home": self._home,
            "unsubscribe": message.unsubscribe,
        }

    def _line(self, notice: Notice) -> Line:
        url = ""
        if self._home and notice.product_id:
            url = f"{self._home}/products/history?id={quote(notice.product_id, safe='')}"
        return Line(
            text=sentence(notice),
            headline=headline(notice),
            time=notice.at.astimezone(self._zone).strftime("%d %b %Y, %H:%M %Z"),
            url=url,
            kind=notice.kind,
            product_id=notice.product_id,
            product_name=one_line(notice.product_name),
            category=one_line(notice.category),
            stock=notice.stock,
        )


def texts_of(settings: Settings) -> Texts:
    """The texts that the settings choose.

    Raises:
        SettingsError: a template of the user's does not render.

    """
    return Texts(settings.templates_dir, settings.public_url, settings.timezone)


def samples() -> Iterator[Message]:
    """Messages of every form, to try templates with."""
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    low = Notice("a1", "low", at, 0, "P1", "Blue mug", "Kitchen", Decimal(3), Decimal(5))
    trouble = Notice("t1", "trouble", at, 0, text="The worker has been silent for five minutes.")
    unsubscribe = "https://stock.shop.example/unsubscribe?token=x"
    yield Message("m1", "r1", "Low stock", (low,), unsubscribe=unsubscribe)
    yield Message("m2", "r1", "Low stock", (low, trouble), is_digest=True, folded=3)
    yield Message("m3", "r1", "Low stock", (), is_test=True)
