"""Counts what happened in the examples: a rule without an effect tests nothing."""

from collections import Counter


class Tally:
    """Effects by name: how often they occurred, and in how many examples."""

    def __init__(self) -> None:
        self.examples = 0
        self._times: Counter[str] = Counter()
        self._examples: Counter[str] = Counter()

    def add(self, effects: Counter[str]) -> None:
        """Add the effects of one finished example."""
        self.examples += 1
        self._times += effects
        self._examples.update(name for name, times in effects.items() if times)

    def __str__(self) -> str:
        rows = [
            f"| {name} | {self._examples[name]} | {self._times[name]:,} |"
            for name in sorted(self._times)
        ]
        head = [f"| effect | of {self.examples} examples | times |", "|---|---|---|"]
        return "\n".join([*head, *rows])


TALLY = Tally()
