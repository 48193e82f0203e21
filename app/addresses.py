"""Whether a text is an address of the kind that a setting wants, and nothing besides."""

import re
from urllib.parse import urlsplit

_URL = re.compile(r"https?://[^/\s?#]+/?")


def is_endpoint(value: str) -> bool:
    """Whether this is a scheme, a host and perhaps a port, and nothing else."""
    try:
        return _URL.fullmatch(value) is not None and urlsplit(value).port != 0
    except ValueError:  # a port beyond 65535
        return False


def is_broker(value: str) -> bool:
    """Whether this names a Redis and nothing else (a query could undo our time limits)."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    if parts.query or parts.fragment or any(map(str.isspace, value)):
        return False
    if parts.scheme == "unix":
        return not parts.hostname and len(parts.path) > 1
    return (
        parts.scheme in {"redis", "rediss"}
        and bool(parts.hostname)
        and port != 0
        and re.fullmatch(r"/?|/[0-9]{1,3}", parts.path) is not None
    )
