"""A file of secrets is read only if nobody but its owner can; errors never show its values."""

import os
import re
import stat
from pathlib import Path

SECRET_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_MOST_BYTES = 1024 * 1024
_MOST_CHARACTERS = 4096  # of a secret


def secrets_in(path: Path) -> dict[str, str]:
    """The secrets in a file of `NAME=value` lines; blank lines and those with `#` are skipped.

    Raises:
        ValueError: the file cannot be read, others can read it, or a line has another form.

    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {path} ({error.strerror})") from None
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ValueError(f"is readable by others: run chmod 600 {path}")
    if len(raw) > _MOST_BYTES:
        raise ValueError(f"must be at most 1 MiB long: {path}")
    try:
        lines = raw.decode().splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"must be UTF-8 text: {path}") from None
    secrets = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, value = line.partition("=")
        name, value = name.strip(), value.strip()
        if not SECRET_NAME.fullmatch(name) or not value or len(value) > _MOST_CHARACTERS:
            raise ValueError(
                f"line {number} of {path} must be NAME=value, the name out of A-Z 0-9 _"
            )
        secrets[name] = value
    return secrets
