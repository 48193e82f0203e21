"""Signing keys are given by the user, or made once on this machine and kept in the data folder."""

import base64
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

SESSION_KEY_LENGTH = 32  # characters at least


def parse_keys(text: str) -> dict[str, bytes]:
    """`id:base64,…` as {id: key}, in order.

    Raises:
        ValueError: an id is missing or doubled, or a key is not base64 of 32 bytes or more.

    """
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        name, colon, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:  # binascii's, or a character that is not ASCII
            key = b""
        if not (name and colon) or name in keys or len(key) < 32:
            raise ValueError(
                "must be `id:base64,…` with ids that differ and keys of at least 32 bytes"
            )
        keys[name] = key
    return keys


class KeyFileError(Exception):
    """The kept key cannot be used; the message names its file."""


def own_keys(data_dir: Path) -> str:
    """The folder's `id:base64` audit key, made at the first call; readable by its owner only.

    Raises:
        KeyFileError: the file is damaged.

    """
    path = data_dir / "audit.key"
    if not path.exists():
        _keep(path, f"local-{secrets.token_hex(2)}:{_random()}")
    try:
        text = path.read_text().strip()
        parse_keys(text)
    except ValueError:  # a UnicodeDecodeError is one
        raise KeyFileError(
            f"{path} does not hold an audit key: put a copy of it back. Without it older audit "
            "entries cannot be verified; remove the file to go on with a new key all the same"
        ) from None
    return text


def own_session_key(data_dir: Path) -> str:
    """The folder's key that signs sessions, made and kept in the same way.

    Raises:
        KeyFileError: the file is damaged.

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
            f"{path} does not hold a session key: remove it to go on with a new one, with which "
            "everyone has to sign in again"
        )
    return text


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _keep(path: Path, text: str) -> None:
    """Write the file beside its place and link it there whole: a crash leaves no half a key."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:  # 0600 from the start
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)
