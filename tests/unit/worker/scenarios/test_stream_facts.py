"""Names the tests that would fail without each fact about streams.

The facts, under the same numbers, are in docs/operate/dynamodb-streams.md.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import DOCS, TESTS

READING = "unit/worker/scenarios/test_stream_reading.py"
GAPS = "unit/worker/scenarios/test_stream_gaps.py"
DECODE = "unit/worker/stream/test_decode.py"
KINDS = "unit/worker/stream/test_decode_kinds.py"
STAMPS = "unit/worker/stream/test_decode_stamps.py"
LINEAGE = "unit/worker/stream/shards/test_lineage.py"
READER = "unit/worker/stream/shards/test_reader.py"
CHECKPOINTS = "unit/worker/stream/shards/test_reader_checkpoints.py"
DISCOVERY = "unit/worker/stream/shards/test_discovery.py"
MACHINE = "unit/worker/machine/test_machine.py"


FACTS = {
    1: [
        f"{READING}::test_a_parent_that_looks_open_is_read_before_its_child",
        f"{LINEAGE}::test_a_child_waits_for_its_parent",
        f"{LINEAGE}::test_a_parent_that_is_not_listed_any_more_and_was_never_begun_counts_as_trimmed",
        f"{MACHINE}::test_no_change_is_lost_or_published_twice",
    ],
    2: [f"{READING}::test_the_last_page_s_records_are_taken_though_no_iterator_follows"],
    3: [f"{READING}::test_a_child_is_read_from_its_oldest_record"],
    4: [f"{READING}::test_what_was_written_before_the_first_start_is_read"],
    5: [
        f"{READING}::test_a_child_that_shows_up_late_is_found",
        f"{LINEAGE}::test_a_finished_shard_without_a_child_awaits_one",
    ],
    6: [
        f"{READING}::test_an_ending_number_on_an_open_shard_is_not_its_end",
        f"{READING}::test_a_parent_that_looks_open_is_read_before_its_child",
    ],
    7: [f"{READING}::test_shards_that_opened_and_closed_between_two_looks_are_read"],
    8: [
        f"{READING}::test_a_listing_of_several_pages_is_read_to_its_end",
        f"{READING}::test_a_page_of_the_listing_that_fails_stops_no_reader",
        f"{DISCOVERY}::test_a_page_that_fails_leaves_those_found",
    ],
    9: [f"{READING}::test_the_full_listing_is_asked_for"],
    10: [f"{READING}::test_empty_pages_are_neither_the_end_nor_a_reason_to_stop"],
    11: [
        f"{READING}::test_an_expired_iterator_is_taken_again_where_reading_stood",
        f"{READER}::test_an_expired_one_is_taken_again_after_the_last_record",
    ],
    12: [
        f"{GAPS}::test_records_trimmed_behind_a_position_are_told_of_once",
        f"{GAPS}::test_a_trim_that_is_claimed_where_no_position_is_held_is_no_gap",
        "integration/worker/test_gaps.py::test_a_shard_s_gap_is_told_once_and_shown_for_what_it_is",
    ],
    13: [
        f"{GAPS}::test_an_unfinished_shard_that_is_gone_is_a_gap_and_its_child_goes_on",
        f"{READER}::test_a_shard_that_vanished_is_neither_an_end_nor_tried_for_ever",
    ],
    14: [
        f"{GAPS}::test_the_old_stream_is_drained_then_the_new_one_read_and_a_gap_marked",
        f"{DISCOVERY}::test_the_old_one_is_read_first",
    ],
    15: [
        f"{READING}::test_a_checkpoint_is_kept_by_consumer_stream_and_shard",
        f"{READER}::test_every_page_is_saved_before_the_next_is_read",
        f"{CHECKPOINTS}::test_a_stop_in_the_middle_of_a_page_saves_nothing_of_it",
        f"{MACHINE}::test_no_change_is_lost_or_published_twice",
    ],
    16: [
        f"{READING}::test_a_sequence_number_is_kept_as_it_came_and_compared_as_a_number",
        f"{DECODE}::test_it_is_the_stream_s_label_and_40_digits",
        "unit/worker/stream/shards/test_stream_replacement.py::test_the_furthest_counts_by_number_not_by_text",
        "unit/worker/stream/shards/test_reader_again.py::test_the_shard_ends_where_it_had_been_read_to",
        "unit/worker/pipeline/test_pipeline.py::test_changes_of_one_product_keep_their_order",
    ],
    17: [
        "unit/worker/pipeline/test_pipeline.py::test_changes_of_one_product_keep_their_order",
        f"{STAMPS}::test_the_record_s_time_has_whole_seconds_and_may_seem_the_earlier",
    ],
    18: [
        f"{READING}::test_a_page_that_comes_twice_shows_nothing_twice",
        f"{DECODE}::test_it_is_never_the_event_id_which_some_engines_use_again",
        "unit/worker/pipeline/test_pipeline.py::test_a_record_that_is_in_a_page_twice_is_taken_once",
    ],
    19: [f"{KINDS}::test_a_record_of_a_write_that_changed_nothing_is_an_update"],
    20: [
        f"{DECODE}::test_every_event_is_decoded_under_every_view_from_either_host",
        f"{KINDS}::test_only_dynamodb_itself_expires_items",
    ],
    21: [
        f"{DECODE}::test_every_event_is_decoded_under_every_view_from_either_host",
        f"{DECODE}::test_a_record_without_a_new_image_gives_the_id_alone",
        "unit/worker/stream/test_samples.py::test_a_sample_is_what_its_name_says",
    ],
    22: [
        f"{DECODE}::test_every_event_is_decoded_under_every_view_from_either_host",
        f"{DECODE}::test_every_type_of_attribute_is_the_same_from_both_hosts",
    ],
    23: [
        "unit/worker/aws_lambda/test_batch_response.py::test_the_first_failure_is_named_by_its_own_number",
        "unit/worker/aws_lambda/test_batch_response.py::test_no_identifier_is_made_of_nonsense",
        "unit/worker/aws_lambda/test_invocation.py::test_without_any_number_to_name_the_invocation_fails",
    ],
    24: [
        f"{READING}::test_each_shard_has_one_reader_whatever_the_number_of_workers",
        f"{READING}::test_a_page_asks_for_as_many_records_as_the_service_gives",
        "unit/worker/stream/shards/test_polling.py::test_an_idle_worker_makes_few_calls",
    ],
    25: [
        "integration/worker/test_reconcile.py::test_an_existing_table_gets_a_baseline_and_verifies_whole"
    ],
    26: [
        "integration/event_source/test_event_source.py::test_a_poison_record_is_parked_and_the_rest_goes_on",
        "integration/event_source/test_event_source.py::test_a_crash_in_the_middle_of_a_batch_loses_and_doubles_nothing",
    ],
}


def test_the_document_has_a_heading_for_each_fact() -> None:
    text = (DOCS / "operate" / "dynamodb-streams.md").read_text()
    found = re.findall(r"^### Fact (\d+)$", text, re.MULTILINE)
    assert found == [str(fact) for fact in sorted(FACTS)]


def test_every_fact_has_its_test() -> None:
    assert sorted(FACTS) == list(range(1, 27))
    assert all(FACTS.values())


@pytest.mark.parametrize("fact", FACTS)
def test_the_tests_of_a_fact_are_there(fact: int) -> None:
    for name in FACTS[fact]:
        path, _, function = name.partition("::")
        assert function in functions(TESTS / path), name


@cache
def functions(path: Path) -> set[str]:
    """The names of a file's tests, those in classes included."""
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
