"""Settings are given as environment variables."""

import pytest

from app.config.settings import PREFIX


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name, value)
