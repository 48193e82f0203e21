"""Audit keys are given by the user, or made once on this machine and kept in the data folder."""

import base64
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


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
    """The folder's `id:base64` key, made at the first call; readable by its owner only.

    Raises:
        KeyFileError: the file is damaged.

    """
    path = data_dir / "audit.key"
    if path.exists():
        return _kept(path)
    text = f"local-{secrets.token_hex(2)}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    # Written beside its place and linked there whole: a crash leaves no half a key.
    with tempfile.NamedTemporaryFile("w", dir=data_dir) as file:  # 0600 from the start
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)
    return _kept(path)


def _kept(path: Path) -> str:
    try:
        text = path.read_text().strip()
        parse_keys(text)
    except ValueError:  # a UnicodeDecodeError is one
        raise KeyFileError(
            f"{path} does not hold an audit key: put a copy of it back. Without it older audit "
            "entries cannot be verified; remove the file to go on with a new key all the same"
        ) from None
    return text
