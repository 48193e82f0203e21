"""Every problem comes with its remedy. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and its remedy; `bad`: the system is not working."""

    what: str
    remedy: str
    bad: bool
    command: str = ""


def span(seconds: float) -> str:
    """A duration in seconds as readable text: `5 min`."""
    if seconds < 1:
        return "less than a second"
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"
