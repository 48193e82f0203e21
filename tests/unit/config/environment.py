"""Settings as variables of the environment."""

import pytest

from app.config.settings import PREFIX


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name, value)
