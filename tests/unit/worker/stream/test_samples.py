"""Each file in samples/ is a Lambda event that decodes to what its name says."""

import json
from typing import Any

import pytest

from app.core.stamps import Stamps
from tests.support.builders import VIEWS
from tests.support.paths import ROOT
from worker.aws_lambda.invocation import sequence_number, stream_arn
from worker.stream.decode import decode

# docs/operate/lambda.md names this key, so that `stockpulse lambda-test` shows the authors.
SIGNED = Stamps("Products", keys={"sample": b"stockpulse samples are signed so"})
SAMPLES = ROOT / "samples"
KINDS = {"INSERT": {"inserted"}, "MODIFY": {"stock_changed", "updated"}, "REMOVE": {"deleted"}}
IMAGES = {
    "INSERT": {"NewImage"},
    "MODIFY": {"NewImage", "OldImage"},
    "REMOVE": {"OldImage"},
}
CARRIED = {
    "NEW_AND_OLD_IMAGES": {"NewImage", "OldImage"},
    "NEW_IMAGE": {"NewImage"},
    "OLD_IMAGE": {"OldImage"},
    "KEYS_ONLY": set[str](),
}


def records(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((SAMPLES / f"{name}.json").read_text())["Records"]
    return found


def file_of(event_name: str, view: str) -> str:
    return f"{event_name}-{view}".lower().replace("_", "-")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("event_name", KINDS)
def test_a_sample_matches_its_file_name(event_name: str, view: str) -> None:
    found = records(file_of(event_name, view))
    assert len(found) == 2
    for record in found:
        assert (record["eventName"], record["dynamodb"]["StreamViewType"]) == (event_name, view)
        assert {"NewImage", "OldImage"} & set(record["dynamodb"]) == (
            IMAGES[event_name] & CARRIED[view]
        )
        event = decode(record, stream_arn(record))
        assert event.kind in KINDS[event_name]
        assert event.sequence_number == sequence_number(record)


def test_binary_is_base64_text_as_lambda_gives_it() -> None:
    first = records("modify-new-and-old-images")[0]
    event = decode(first, stream_arn(first))
    assert event.after is not None
    assert event.after["Thumbnail"]["B"].startswith(b"\x89PNG")


def test_authors_are_shown_if_the_images_prove_them() -> None:
    inserted, sold, deleted = (
        decode(records(f"{name}-new-and-old-images")[0], "arn/stream/x", SIGNED)
        for name in ("insert", "modify", "remove")
    )
    assert [event.actor for event in (inserted, sold, deleted)] == ["ada", "ben", "ada"]
    assert (sold.delta, sold.reason) == (-3, "sold")
    assert deleted.note == "listed twice"


def test_an_expiry_is_made_by_dynamodb() -> None:
    (record,) = records("ttl-new-and-old-images")
    assert record["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert decode(record, stream_arn(record)).kind == "expired"


def test_there_are_no_other_files_and_no_duplicate_records() -> None:
    names = {file_of(event_name, view) for event_name in KINDS for view in VIEWS}
    names.add("ttl-new-and-old-images")
    assert {path.stem for path in SAMPLES.iterdir()} == names
    keys = [
        (stream_arn(record), sequence_number(record)) for name in names for record in records(name)
    ]
    assert len(set(keys)) == len(keys)
