"""Every fact in docs/operate/dynamodb-streams.md has tests, listed here, that fail without it."""

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


TESTS_OF_FACT = {
    1: [
        f"{READING}::test_a_parent_that_looks_open_is_read_before_its_child",
        f"{LINEAGE}::test_a_child_waits_for_its_parent",
        f"{LINEAGE}::test_an_unlisted_parent_that_was_never_begun_counts_as_trimmed",
        f"{MACHINE}::test_no_change_is_lost_or_published_twice",
    ],
    2: [f"{READING}::test_records_on_the_last_page_are_read"],
    3: [f"{READING}::test_a_child_is_read_from_its_oldest_record"],
    4: [f"{READING}::test_records_written_before_the_first_start_are_read"],
    5: [
        f"{READING}::test_a_child_that_is_listed_late_is_found",
        f"{LINEAGE}::test_a_finished_shard_without_a_child_awaits_one",
    ],
    6: [
        f"{READING}::test_an_ending_number_on_an_open_shard_is_not_its_end",
        f"{READING}::test_a_parent_that_looks_open_is_read_before_its_child",
    ],
    7: [f"{READING}::test_shards_that_opened_and_closed_between_two_listings_are_read"],
    8: [
        f"{READING}::test_a_listing_of_several_pages_is_read_to_its_end",
        f"{READING}::test_a_failed_page_of_the_listing_stops_no_reader",
        f"{DISCOVERY}::test_a_failed_page_keeps_the_shards_found_so_far",
    ],
    9: [f"{READING}::test_the_full_listing_is_requested"],
    10: [f"{READING}::test_empty_pages_are_neither_the_end_nor_a_reason_to_stop"],
    11: [
        f"{READING}::test_an_expired_iterator_is_replaced_at_the_last_position",
        f"{READER}::test_an_expired_iterator_is_replaced_after_the_last_record",
    ],
    12: [
        f"{GAPS}::test_records_trimmed_after_a_position_are_reported_once",
        f"{GAPS}::test_a_trim_error_without_a_position_is_no_gap",
        "integration/worker/test_gaps.py::test_a_shard_gap_is_written_once_and_shown_as_a_gap",
    ],
    13: [
        f"{GAPS}::test_a_vanished_unfinished_shard_is_a_gap_and_its_child_is_read",
        f"{READER}::test_a_vanished_shard_is_neither_finished_nor_retried_for_ever",
    ],
    14: [
        f"{GAPS}::test_the_old_stream_is_drained_before_the_new_one_and_a_gap_is_marked",
        f"{DISCOVERY}::test_the_old_stream_is_read_first",
    ],
    15: [
        f"{READING}::test_a_checkpoint_is_stored_by_consumer_stream_and_shard",
        f"{READER}::test_every_page_is_saved_before_the_next_is_read",
        f"{CHECKPOINTS}::test_a_stop_in_the_middle_of_a_page_saves_nothing_of_it",
        f"{MACHINE}::test_no_change_is_lost_or_published_twice",
    ],
    16: [
        f"{READING}::test_a_sequence_number_is_stored_verbatim_and_compared_as_a_number",
        f"{DECODE}::test_the_key_is_the_stream_label_and_40_digits",
        "unit/worker/stream/shards/test_stream_replacement.py::test_positions_are_compared_as_numbers",
        "unit/worker/stream/shards/test_reader_again.py::test_a_repeated_page_does_not_move_the_position_back",
        "unit/worker/pipeline/test_pipeline.py::test_changes_of_one_product_keep_their_order",
    ],
    17: [
        "unit/worker/pipeline/test_pipeline.py::test_changes_of_one_product_keep_their_order",
        f"{STAMPS}::test_a_record_s_time_in_whole_seconds_may_precede_the_mark",
    ],
    18: [
        f"{READING}::test_a_repeated_page_adds_no_duplicates",
        f"{DECODE}::test_the_key_does_not_use_the_event_id_which_some_engines_repeat",
        "unit/worker/pipeline/test_pipeline.py::test_a_record_that_is_in_a_page_twice_is_processed_once",
    ],
    19: [f"{KINDS}::test_a_record_of_a_write_that_changed_nothing_is_an_update"],
    20: [
        f"{DECODE}::test_every_event_is_decoded_under_every_view_from_either_host",
        f"{KINDS}::test_only_dynamodb_itself_expires_items",
    ],
    21: [
        f"{DECODE}::test_every_event_is_decoded_under_every_view_from_either_host",
        f"{DECODE}::test_a_record_without_a_new_image_gives_the_id_alone",
        "unit/worker/stream/test_samples.py::test_a_sample_matches_its_file_name",
    ],
    22: [
        f"{DECODE}::test_every_event_is_decoded_under_every_view_from_either_host",
        f"{DECODE}::test_every_type_of_attribute_is_the_same_from_both_hosts",
    ],
    23: [
        "unit/worker/aws_lambda/test_batch_response.py::test_the_first_failure_is_returned_by_its_sequence_number",
        "unit/worker/aws_lambda/test_batch_response.py::test_invalid_sequence_numbers_are_never_returned",
        "unit/worker/aws_lambda/test_invocation.py::test_an_invocation_without_any_sequence_number_to_return_fails",
    ],
    24: [
        f"{READING}::test_each_shard_has_one_reader_whatever_the_number_of_workers",
        f"{READING}::test_full_pages_grow_to_the_maximum_number_of_records",
        "unit/worker/stream/shards/test_polling.py::test_an_idle_worker_makes_few_calls",
    ],
    25: [
        "integration/worker/test_reconcile.py::test_an_existing_table_gets_baselines_and_verifies"
    ],
    26: [
        "integration/event_source/test_event_source.py::test_a_poison_record_is_parked_and_the_rest_continues",
        "integration/event_source/test_event_source.py::test_a_crash_in_the_middle_of_a_batch_loses_and_duplicates_nothing",
    ],
}


def test_the_document_has_a_heading_for_each_fact() -> None:
    text = (DOCS / "operate" / "dynamodb-streams.md").read_text()
    found = re.findall(r"^### Fact (\d+)$", text, re.MULTILINE)
    assert found == [str(fact) for fact in sorted(TESTS_OF_FACT)]


def test_every_fact_has_tests() -> None:
    assert sorted(TESTS_OF_FACT) == list(range(1, 27))
    assert all(TESTS_OF_FACT.values())


@pytest.mark.parametrize("fact", TESTS_OF_FACT)
def test_the_tests_of_a_fact_exist(fact: int) -> None:
    for name in TESTS_OF_FACT[fact]:
        path, _, function = name.partition("::")
        assert function in functions(TESTS / path), name


@cache
def functions(path: Path) -> set[str]:
    """The names of a file's tests, those in classes included."""
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
