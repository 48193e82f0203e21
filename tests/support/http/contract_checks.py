"""What the contract's generator holds each answer to beside its own checks (loaded by it)."""

import schemathesis

from tests.support.http.named_headers import hold_headers


@schemathesis.check
def names_its_headers(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """The operation names each header of the contract's that the answer carries."""
    operation = case.operation
    schema = operation.schema.raw_schema
    hold_headers(schema, operation.method, operation.path, response.status_code, response.headers)
