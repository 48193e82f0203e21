"""Checks of each response in addition to Schemathesis's own, which loads this module."""

import schemathesis

from app.web.exports.export_file import MEDIA_TYPES
from tests.support.http.named_headers import check_headers

# A generated workbook is any bytes.
schemathesis.serializer.alias(MEDIA_TYPES["xlsx"], "application/octet-stream")


@schemathesis.check
def names_its_headers(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """The operation declares every header in the response that the contract defines."""
    operation = case.operation
    schema = operation.schema.raw_schema
    check_headers(schema, operation.method, operation.path, response.status_code, response.headers)
