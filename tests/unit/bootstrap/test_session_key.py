"""All web processes sign sessions with the same key."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from app.bootstrap.auth import session_key
from app.config.key_files import KeyFileError
from app.config.settings import SettingsError


def some(folder: Path, **given: Any) -> Any:
    return SimpleNamespace(
        **({"session_key": None, "broker_url": None, "data_dir": folder} | given)
    )


def test_single_process_creates_and_keeps_its_own_key(tmp_path: Path) -> None:
    key = session_key(some(tmp_path))
    assert len(key) >= 32
    assert session_key(some(tmp_path)) == key
    assert (tmp_path / "session.key").stat().st_mode & 0o777 == 0o600


def test_several_processes_need_a_configured_key(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="STOCKPULSE_SESSION_KEY"):
        session_key(some(tmp_path, broker_url="redis://x"))
    given = some(tmp_path, broker_url="redis://x", session_key=SecretStr("k" * 32))
    assert session_key(given) == "k" * 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40], ids=["empty", "short", "noise"])
def test_damaged_key_file_is_named_and_not_used(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "session.key").write_bytes(content)
    with pytest.raises(KeyFileError, match=str(tmp_path / "session.key")):
        session_key(some(tmp_path))
