"""An address in a setting is accepted only if all of it has the expected form."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

from app.core.rules.secret_paths import readable

# A name in ASCII (IDNA where it is international), or an IPv6 address in brackets.
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)
_URL = re.compile(r"https?://[^/\s?#]+/?")


def is_endpoint(value: str) -> bool:
    """Whether this is an http or https URL of a host and an optional port, and nothing else."""
    try:
        return _URL.fullmatch(value) is not None and urlsplit(value).port != 0
    except ValueError:  # a port beyond 65535
        return False


def is_broker(value: str) -> bool:
    """Whether this is a Redis URL without a query (a query could override our timeouts)."""
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


def is_webhook(value: str) -> bool:
    """Whether this is an http or https URL that can be requested without changing it."""
    if len(value) > 2048 or not re.fullmatch(r"[!-~]+", value) or set(value) & set('"<>\\^`{|}'):
        return False
    try:
        parts = urlsplit(value)
        port, host = parts.port, parts.hostname or ""
        if ":" in host:
            ip_address(host)
    except ValueError:  # a port beyond 65535, brackets around no address
        return False
    return (
        parts.scheme in {"http", "https"}
        and (":" in host or _HOST.fullmatch(host) is not None)
        and "@" not in parts.netloc
        and not parts.netloc.endswith(":")
        and port != 0
        and "#" not in value
    )


def without_query(value: str) -> str:
    """A URL that is safe to show: scheme, host and path; "" if it is not a URL.

    It has no credentials, and ends before a part of the path that may be a secret.
    """
    try:
        parts = urlsplit(value[:2048])
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    shown = urlunsplit((parts.scheme, host, readable(parts.path), "", ""))
    return "".join(character for character in shown[:200] if character.isprintable())
