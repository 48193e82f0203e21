"""Unit tests are the same at every run, and quick: Hypothesis looks at the same examples.

It does not shrink what fails (that can take minutes): the strategies are kept small instead.
With HYPOTHESIS_PROFILE=long it looks at new ones for minutes, and shrinks (`make machine`).
"""

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "unit",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no failure
)
settings.register_profile(
    "long",
    deadline=None,
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "5000")),
    stateful_step_count=60,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "unit"))
