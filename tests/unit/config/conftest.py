"""A start under settings of the test's own alone."""

from pathlib import Path

import pytest

from app.config.settings import PREFIX, SettingsError, load
from tests.unit.config.environment import given


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the machine's environment nor a `.env` of the repository plays a part."""
    import os

    for name in list(os.environ):
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch):
    """The message of a start that these settings stop."""

    def message(**values: str) -> str:
        given(monkeypatch, **values)
        with pytest.raises(SettingsError) as error:
            load()
        return str(error.value)

    return message
