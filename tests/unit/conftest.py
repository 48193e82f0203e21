"""Unit tests are the same at every run, and quick: Hypothesis looks at the same examples.

It does not shrink what fails (that can take minutes): the strategies are kept small instead.
"""

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
settings.load_profile("unit")
