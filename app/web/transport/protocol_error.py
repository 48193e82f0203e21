"""An error that is found before the application is called, as the bytes of a response."""

import uuid
from http import HTTPStatus

from app.web.middleware.request_guard import SECURITY_HEADERS
from app.web.problems import problem


def error_response(status: HTTPStatus, code: str, detail: str) -> bytes:
    """A problem document that closes the connection."""
    request_id = uuid.uuid4().hex
    headers = {"X-Request-Id": request_id, **SECURITY_HEADERS, "Connection": "close"}
    response = problem(request_id, status, code, status.phrase, detail, headers=headers)
    lines = [
        b"HTTP/1.1 %d %b" % (status, status.phrase.encode()),
        *(b"%b: %b" % pair for pair in response.raw_headers),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + bytes(response.body)
