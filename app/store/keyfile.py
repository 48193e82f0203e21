"""A deployment on one machine makes its own audit key once and keeps it in the data folder."""

import base64
import os
import secrets
from pathlib import Path


def own_keys(data_dir: Path) -> str:
    """The folder's `id:base64` key, made at the first call; readable by its owner only."""
    path = data_dir / "audit.key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    text = f"local-{secrets.token_hex(2)}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    return text
