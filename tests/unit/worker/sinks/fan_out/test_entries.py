"""Each entry of a request is accepted, rejected, sent by reference or sent again on its own."""

import pytest

from tests.support.builders import an_event
from worker.sinks.fan_out.aws_refusal import Meaning, Refusal
from worker.sinks.fan_out.entries import Entries
from worker.sinks.fan_out.message import Form

LATER = Refusal("InternalFailure", "try again")
CONTENT = Refusal("InvalidMessageContents", "a character is not allowed")
TOO_LARGE = Refusal("InvalidParameterValue", "Message must be shorter than 1024 bytes.")
TOGETHER = Refusal("AWS.SimpleQueueService.BatchRequestTooLong", "Batch requests are too long")


def entries(*products: str) -> Entries:
    events = [an_event(number, product_id=product) for number, product in enumerate(products)]
    return Entries(events, Form("Products"))


def ids(messages: list[object]) -> list[str]:
    return [getattr(message, "product_id") for message in messages]  # noqa: B009


def test_a_product_s_next_event_is_sent_after_the_first_is_accepted() -> None:
    one = entries("a", "a", "b")
    sent = one.next_request()
    assert ids([*sent]) == ["a", "b"]
    assert one.settle(sent, [None, None]) is None
    assert one.accepted == 1
    assert one.settle(one.next_request(), [None]) is None
    assert one.next_request() == []
    assert one.accepted == 3


def test_an_entry_that_fails_is_not_overtaken_and_the_accepted_ones_before_it_count() -> None:
    one = entries("a", "b", "c", "b")
    assert one.settle(one.next_request(), [None, LATER, None]) == LATER
    assert one.accepted == 1
    assert ids([*one.next_request()]) == ["b"]


def test_a_rejected_entry_is_returned_and_does_not_count_as_accepted() -> None:
    one = entries("a", "b")
    assert one.settle(one.next_request(), [CONTENT, None]) is None
    (rejected,) = one.rejected
    assert rejected.event.product_id == "a"
    assert rejected.error == "InvalidMessageContents: a character is not allowed"
    assert one.accepted == 0


def test_an_entry_that_is_too_large_is_sent_by_reference_and_then_waits() -> None:
    one = entries("a")
    assert one.settle(one.next_request(), [TOO_LARGE]) is None
    (reference,) = sent = one.next_request()
    assert reference.by_reference
    assert one.settle(sent, [TOO_LARGE]) == TOO_LARGE  # of its size, or a wrong limit of the queue


def test_a_request_that_is_refused_for_its_contents_is_sent_again_one_by_one() -> None:
    one = entries("a", "b")
    assert one.settle_all(one.next_request(), TOGETHER) is None
    first = one.next_request()
    assert ids([*first]) == ["a"]
    assert one.settle(first, [None]) is None
    last = one.next_request()
    assert one.settle_all(last, CONTENT) is None
    assert [one.event.product_id for one in one.rejected] == ["b"]


def test_a_request_that_is_refused_as_a_whole_for_now_is_not_split() -> None:
    one = entries("a", "b")
    assert one.settle_all(one.next_request(), LATER) == LATER
    assert len(one.next_request()) == 2


@pytest.mark.parametrize(
    ("code", "text", "meaning"),
    [
        ("ThrottlingException", "Rate exceeded", "later"),
        ("AccessDeniedException", "not authorized", "later"),
        (
            "InvalidParameterValue",
            "The request must contain the parameter MessageGroupId.",
            "later",
        ),
        ("AWS.SimpleQueueService.NonExistentQueue", "does not exist", "later"),
        ("MalformedDetail", "Detail is malformed.", "rejected"),
        ("InvalidMessageContents", "Invalid characters found", "rejected"),
        ("ValidationException", "Total size of the entries is over the limit.", "too large"),
        ("BatchRequestTooLong", "", "too large"),
        ("InvalidParameter", "Invalid parameter: Message too long", "too large"),
    ],
)
def test_only_what_an_event_contains_can_reject_it(code: str, text: str, meaning: Meaning) -> None:
    assert Refusal(code, text).meaning == meaning


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("ExpiredToken", "does not accept the AWS credentials"),
        ("AccessDenied", "allow them sqs:SendMessage"),
        ("QueueDoesNotExist", "does not exist: create it, or correct STOCKPULSE_SQS_QUEUE"),
        ("RequestThrottled", "takes no more messages for now"),
        ("KMS.DisabledException", "cannot use its KMS key"),
        ("Strange", "answers Strange: why"),
    ],
)
def test_a_person_reads_what_is_wrong_and_what_to_do(code: str, sentence: str) -> None:
    said = Refusal(code, "why").sentence("sqs:SendMessage", "STOCKPULSE_SQS_QUEUE")
    assert sentence in said
