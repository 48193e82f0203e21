"""Some names of actors are Stockpulse's own, so no person and no API key may have them. Pure."""

import unicodedata

LOCAL = "local"  # the actor when no credentials are needed
CLI = "cli:"  # followed by the system's user: the actor of commands
OUTSIDE = "outside Stockpulse"  # shown instead of an actor that is unknown
NOT_RECORDED = "not recorded"  # shown where a record cannot say who it was
EXPIRY = "automatic expiry"  # shown for a deletion by DynamoDB's TTL

_OWN = {name.casefold() for name in (LOCAL, OUTSIDE, NOT_RECORDED, EXPIRY)}


def is_reserved(name: str) -> bool:
    """Whether the name is one of ours, or looks the same: letter case and width do not matter."""
    folded = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    return folded in _OWN or folded.startswith(CLI)
