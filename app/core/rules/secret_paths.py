"""The path of a URL may be a secret, as in `https://hooks.example/T000/B000/XXXX`. Pure.

What people name is made of words and short numbers. Anything else was made by a machine, and mostly
nobody but the two sides may know it. Such a path is neither stored in the clear nor shown.
"""

import re
from urllib.parse import unquote

HIDDEN = "…"  # in place of what may be a secret

_BETWEEN = re.compile(r"[-_.~+,;=:@ ]+")
_WORD = re.compile(
    r"(?:[A-Z]?[a-z]{1,20}(?:[A-Z][a-z]{1,20}){0,3}|[A-Z]{1,3})[0-9]{0,2}"  # stockLevels, API, v2
    r"|[0-9]{1,6}"  # a year, a number of a shop
    r"|[a-z0-9]{1,3}"  # k8s
)


def readable(path: str) -> str:
    """A path up to the first part that may be a secret; the rest is `HIDDEN`."""
    parts = path.split("/")
    for number, part in enumerate(parts):
        if not all(map(_WORD.fullmatch, filter(None, _BETWEEN.split(unquote(part))))):
            return "/".join((*parts[:number], HIDDEN))
    return path


def shown_address(address: str) -> str:
    """An address as all but its channel may see it: if it is a URL, without a secret path."""
    scheme, mark, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    path = path.partition("?")[0]
    shown = readable(path)
    return address if not mark or shown == path else f"{scheme}{mark}{host}{slash}{shown}"
