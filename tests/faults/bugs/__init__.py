"""Bugs to inject into worker and stamps, each with the rules that are needed to find it."""

from tests.faults.bugs import in_comparing, in_effects, in_reading, in_sinks, in_stamps
from tests.faults.bugs.bug import BUGS

__all__ = ["BUGS", "in_comparing", "in_effects", "in_reading", "in_sinks", "in_stamps"]
