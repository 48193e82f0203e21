"""Messages are rendered from Jinja2 templates; a file of the same name in a user's folder wins.

A user's template is tried at the start. One that is broken later, while the process runs, is
replaced by the built-in one and logged: a typing mistake must not cost a message.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    select_autoescape,
)
from jinja2.exceptions import TemplateError, TemplateSyntaxError

from app.config.settings import PREFIX, Settings, SettingsError
from app.notifications.notice import Message, Notice
from app.notifications.texts.sentences import headline, one_line, sentence, subject

FILES = ("subject.txt", "body.txt", "body.html")
_MOST_CHARACTERS = 200_000  # of a rendered text

_log = logging.getLogger(__name__)


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
        self._own = _environment(Path(__file__).parent)
        self._users = None if folder is None else _environment(folder)
        if self._users is not None:
            self._try_all(self._users)

    def text(self, message: Message) -> Text:
        """The message's subject and bodies."""
        values = self._values(message)
        first, body, html = (self._rendered(name, values) for name in FILES)
        return Text(one_line(first, 200) or subject(message), body.strip() + "\n", html)

    def _rendered(self, name: str, values: dict[str, Any]) -> str:
        if self._users is not None:
            try:
                return self._users.get_template(name).render(values)[:_MOST_CHARACTERS]
            except TemplateNotFound as error:
                if error.name != name:  # a file that the user's template includes
                    _log.exception("the template %s of %sTEMPLATES_DIR failed", name, PREFIX)
            except Exception:  # noqa: BLE001 - a template can raise any error
                _log.exception("the template %s of %sTEMPLATES_DIR failed", name, PREFIX)
        return self._own.get_template(name).render(values)[:_MOST_CHARACTERS]

    def _try_all(self, users: Environment) -> None:
        for name in FILES:
            for message in samples():
                try:
                    users.get_template(name).render(self._values(message))
                except TemplateNotFound as error:
                    if error.name == name:
                        break
                    raise SettingsError(_reason(name, error)) from None
                except Exception as error:  # noqa: BLE001 - a template can raise any error
                    raise SettingsError(_reason(name, error)) from None

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


def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        keep_trailing_newline=False,
    )


def _reason(name: str, error: Exception) -> str:
    line = f", line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
    what = error.message if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}"
    return f"{PREFIX}TEMPLATES_DIR: {name}{line} does not render: {what}"
