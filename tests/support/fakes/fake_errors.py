"""The service's faults as botocore raises them."""

from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

_STATUS = {"InternalServerError": 500, "ServiceUnavailable": 503}


def fault(code: str, message: str = "", **more: Any) -> ClientError:
    """A fault that the service answers with."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message or code},
            "ResponseMetadata": {"HTTPStatusCode": _STATUS.get(code, 400)},
            **more,
        },
        "FakeCall",
    )


def lost_answer() -> ReadTimeoutError:
    """The call took effect or not: nobody was told."""
    return ReadTimeoutError(endpoint_url="http://fake")
