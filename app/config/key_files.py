"""Signing keys come from the settings, or are created once and kept in the data folder."""

import base64
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

SESSION_KEY_LENGTH = 32  # characters at least
_AUDIT_KEY = "audit.key"


def parse_keys(text: str) -> dict[str, bytes]:
    """Parse `id:base64,…` to {id: key}, in order.

    Raises:
        ValueError: an id is missing or repeated, or a key is not base64 of 32 bytes or more.

    """
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        name, colon, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:  # binascii.Error is one; so is the error for a non-ASCII character
            key = b""
        if not (name and colon) or name in keys or len(key) < 32:
            raise ValueError(
                "must be `id:base64,…` with different ids and keys of at least 32 bytes"
            )
        keys[name] = key
    return keys


class KeyFileError(Exception):
    """A key file cannot be used. The message names the file and what to do."""


def has_own_keys(data_dir: Path) -> bool:
    """Whether the folder has an audit key."""
    return (data_dir / _AUDIT_KEY).exists()


def own_keys(data_dir: Path) -> str:
    """The folder's `id:base64` audit key, created at the first call; mode 0600.

    Raises:
        KeyFileError: the file is damaged, or cannot be written.

    """
    path = data_dir / _AUDIT_KEY
    if not path.exists():
        _keep(path, f"local-{secrets.token_hex(2)}:{_random()}")
    try:
        text = path.read_text().strip()
        parse_keys(text)
    except ValueError:  # a UnicodeDecodeError is one
        raise KeyFileError(
            f"{path} does not contain a valid audit key. Restore it from a backup. If there is "
            "none, delete the file to continue with a new key; older audit entries can then no "
            "longer be verified"
        ) from None
    return text


def own_session_key(data_dir: Path) -> str:
    """The folder's session key, created at the first call; mode 0600.

    Raises:
        KeyFileError: the file is damaged, or cannot be written.

    """
    path = data_dir / "session.key"
    if not path.exists():
        _keep(path, _random())
    try:
        text = path.read_text().strip()
    except UnicodeDecodeError:
        text = ""
    if len(text) < SESSION_KEY_LENGTH:
        raise KeyFileError(
            f"{path} does not contain a valid session key. Delete the file to continue with a new "
            "key; everyone then has to sign in again"
        )
    return text


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _keep(path: Path, text: str) -> None:
    """Write a temporary file and link it to `path`, so that a crash leaves no partial key."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:  # 0600 from the start
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(file.name, path)
    except OSError as error:
        raise KeyFileError(
            f"{path} cannot be written ({error.strerror}): change STOCKPULSE_DATA_DIR, or the "
            "folder's permissions"
        ) from error
