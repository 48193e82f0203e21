"""Unit tests are deterministic and fast: Hypothesis tries the same examples in every run.

It does not shrink failing examples, which can take minutes; the strategies are small instead. With
HYPOTHESIS_PROFILE=long it tries new examples for minutes, and shrinks them (`make machine`).
"""

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "unit",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is not a failure
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
