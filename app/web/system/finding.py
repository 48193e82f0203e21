"""Something that is not as it should be comes with what to do about it. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, and what to do; `bad`: it does not work."""

    what: str
    remedy: str
    bad: bool
    command: str = ""


def span(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 1:
        return "less than a second"
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"
