"""The sinks that the state machine deploys.

One takes single events on two threads, the other five at a time.
"""

from worker.consumers.sink import Sink

ONE, FIVE = "one", "five"
UNWANTED = {FIVE: {"P5"}}  # products that a sink's filter refuses
SINKS = (
    Sink(ONE, lambda _: (), batch_size=1, parallelization_factor=2),
    Sink(
        FIVE,
        lambda _: (),
        batch_size=5,
        wants=lambda event: event.product_id not in UNWANTED[FIVE],
        internal=True,
    ),
)
