"""A benchmark reports its figures, those of its baseline in the same run, and each verdict."""

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Requirement:
    """A ratio to a baseline with its limit: a minimum (`at_least`) or a maximum."""

    name: str
    ratio: float
    limit: float
    at_least: bool

    @property
    def held(self) -> bool:
        """Whether the ratio is within its limit."""
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        verdict = "passed" if self.held else "FAILED"
        return f"{verdict}: {self.name} {self.ratio:.2f} (required {sign} {self.limit})"


def conditions() -> dict[str, Any]:
    """The date, machine, version and command of this measurement."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
        "load_before": round(os.getloadavg()[0], 2),
        "command": " ".join(["python", *sys.argv]),
    }


def finish(
    about: dict[str, Any],
    lines: Sequence[str],
    measured: dict[str, Any],
    requirements: Sequence[Requirement],
    *,
    as_json: bool,
) -> int:
    """Print the report as text or JSON; returns the exit status, 0 if every ratio holds."""
    if as_json:
        verdicts = [asdict(one) | {"held": one.held} for one in requirements]
        print(json.dumps({"conditions": about, "measured": measured, "requirements": verdicts}))
    else:
        print(f"{about['date']}, {about['machine']}, Python {about['python']}")
        print("\n".join([*lines, "", *map(str, requirements)]))
    return 0 if all(requirement.held for requirement in requirements) else 1


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a `share` (0 to 1) of all values is at or below."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def median_of(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """The median of each column."""
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
