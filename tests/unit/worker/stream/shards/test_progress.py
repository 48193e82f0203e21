"""Lag is the age of the last record that was read."""

from typing import Any

import pytest

from worker.stream.shards.progress import Progress


class TestProgress:
    def test_lag_is_the_age_of_the_page_s_last_record(self) -> None:
        progress = Progress(lambda: 5.0, lambda: 1_000_012.5)
        progress.received([{"dynamodb": {"ApproximateCreationDateTime": 1_000_000.0}}])
        assert progress.lag == 12.5

    def test_an_empty_page_has_no_lag(self) -> None:
        progress = Progress(lambda: 5.0, lambda: 1_000_012.5)
        progress.received([{"dynamodb": {"ApproximateCreationDateTime": 1_000_000.0}}])
        progress.received([])
        assert progress.lag == 0

    def test_times_in_whole_minutes_prove_no_lag_within_the_minute(self) -> None:
        """DynamoDB Local reports such times; a time with seconds comes from another service."""
        progress = Progress(lambda: 5.0, lambda: 1_000_050.0)
        lags, at_most = [], []
        for created in (999_960.0, 1_000_020.0, 1_000_045.0, 1_000_020.0):
            progress.received([{"dynamodb": {"ApproximateCreationDateTime": created}}])
            lags.append(progress.lag)
            at_most.append(progress.lag_at_most)
        assert lags == [30.0, 0.0, 5.0, 30.0]
        assert at_most == [90.0, 30.0, 5.0, 30.0]

    def test_a_page_is_held_until_it_is_processed(self) -> None:
        progress = Progress()
        progress.received([{}])
        assert progress.holds
        progress.done()
        assert not progress.holds

    def test_a_clock_that_is_behind_makes_no_negative_lag(self) -> None:
        progress = Progress(lambda: 5.0, lambda: 999_990.0)
        progress.received([{"dynamodb": {"ApproximateCreationDateTime": 1_000_000.0}}])
        assert progress.lag == 0

    @pytest.mark.parametrize("record", [{}, {"dynamodb": {"ApproximateCreationDateTime": "x"}}])
    def test_a_record_without_a_time_gives_no_lag(self, record: Any) -> None:
        progress = Progress(lambda: 5.0, lambda: 1_000_012.5)
        progress.received([record])
        assert progress.lag == 0

    def test_the_age_of_the_last_page_is_reported(self) -> None:
        now = 5.0
        progress = Progress(lambda: now)
        assert progress.since_page is None
        progress.received([])
        now = 7.5
        assert progress.since_page == 2.5

    def test_a_read_s_duration_and_the_silence_since_it_are_reported(self) -> None:
        now = 5.0
        progress = Progress(lambda: now)
        progress.asked()
        now = 6.5
        progress.received([])
        assert (progress.answer, progress.silent) == (1.5, 0.0)
        now = 9.5
        assert progress.silent == 3.0

    def test_a_record_that_waits_grows_older_until_an_empty_page(self) -> None:
        now = 5.0
        progress = Progress(lambda: now, lambda: 1_000_012.5)
        progress.received([{"dynamodb": {"ApproximateCreationDateTime": 1_000_010}}])
        now = 9.0
        assert progress.behind == 6.5
        progress.received([])
        assert progress.behind == 0.0
