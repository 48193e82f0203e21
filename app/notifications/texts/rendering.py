"""Jinja2 templates: a file of the same name in a user's folder wins over the built-in one.

A user's template is tried at the start. One that is broken later, while the process runs, is
replaced by the built-in one and logged: a typing mistake must not cost a message.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    select_autoescape,
)
from jinja2.exceptions import TemplateError, TemplateSyntaxError

from app.config.settings import PREFIX, SettingsError

FILES = ("subject.txt", "body.txt", "body.html")
_MOST_CHARACTERS = 200_000  # of a rendered text

_log = logging.getLogger(__name__)


class Templates:
    """The built-in templates, and those of a user's folder."""

    def __init__(self, folder: Path | None) -> None:
        self._own = _environment(Path(__file__).parent)
        self._users = None if folder is None else _environment(folder)

    def rendered(self, name: str, values: Mapping[str, Any]) -> str:
        """The template of this name with the values; cut if it is very long."""
        if self._users is not None:
            try:
                return self._users.get_template(name).render(values)[:_MOST_CHARACTERS]
            except TemplateNotFound as error:
                if error.name != name:  # a file that the user's template includes
                    _log.exception("the template %s of %sTEMPLATES_DIR failed", name, PREFIX)
            except Exception:  # noqa: BLE001 - a template can raise any error
                _log.exception("the template %s of %sTEMPLATES_DIR failed", name, PREFIX)
        return self._own.get_template(name).render(values)[:_MOST_CHARACTERS]

    def try_all(self, samples: Sequence[Mapping[str, Any]]) -> None:
        """Render the user's templates with each of these values.

        Raises:
            SettingsError: one does not render; the message names the file and the line.

        """
        if self._users is None:
            return
        for name in FILES:
            for values in samples:
                try:
                    self._users.get_template(name).render(values)
                except TemplateNotFound as error:
                    if error.name == name:
                        break
                    raise SettingsError(_reason(name, error)) from None
                except Exception as error:  # noqa: BLE001 - a template can raise any error
                    raise SettingsError(_reason(name, error)) from None


def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
    )


def _reason(name: str, error: Exception) -> str:
    line = f", line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
    what = error.message if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}"
    return f"{PREFIX}TEMPLATES_DIR: {name}{line} does not render: {what}"
