"""The service's errors as botocore raises them."""

from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

_STATUS = {"InternalServerError": 500, "ServiceUnavailable": 503}


def fault(code: str, message: str = "", **more: Any) -> ClientError:
    """An error response of the service."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message or code},
            "ResponseMetadata": {"HTTPStatusCode": _STATUS.get(code, 400)},
            **more,
        },
        "FakeCall",
    )


def lost_answer() -> ReadTimeoutError:
    """No response arrived, so the caller cannot know whether the call took effect."""
    return ReadTimeoutError(endpoint_url="http://fake")
