"""Every problem comes with its remedy. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and its remedy; `bad`: the system is not working.

    `at` is the part of the System page that shows more of it: a hop or a section; empty if none.
    """

    what: str
    remedy: str
    bad: bool
    command: str = ""
    at: str = ""


def span(seconds: float) -> str:
    """A duration in seconds as readable text: `5 min`."""
    if seconds < 1:
        return "less than a second"
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"


def short_span(seconds: float) -> str:
    """A lag in seconds as it stands on an arrow, `0.4 s`; as in static/shell/condition.js."""
    if seconds < 0.1:
        return "< 0.1 s"
    return f"{seconds:.1f} s" if seconds < 9.95 else span(seconds)
