"""Tests of the settings see only the variables that they set themselves."""

from pathlib import Path

import pytest

from app.config.settings import PREFIX, SettingsError, load
from tests.unit.config.environment import given


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove the machine's variables, and leave the folder in which a `.env` may be."""
    import os

    for name in list(os.environ):
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch):
    """A function that returns the error for these settings."""

    def message(**values: str) -> str:
        given(monkeypatch, **values)
        with pytest.raises(SettingsError) as error:
            load()
        return str(error.value)

    return message
