"""Bugs to be put into the worker on purpose, each with the rules that alone lead to it."""

from tests.faults.bugs import in_comparing, in_effects, in_reading, in_sinks
from tests.faults.bugs.bug import BUGS

__all__ = ["BUGS", "in_comparing", "in_effects", "in_reading", "in_sinks"]
