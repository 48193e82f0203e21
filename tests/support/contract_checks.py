"""What the contract's generator holds each answer to beside its own checks (loaded by it)."""

import schemathesis

BUDGET = {"ratelimit", "ratelimit-policy"}
BEFORE_BUDGETS = {421}
PROBES = {"/healthz", "/readyz"}


@schemathesis.check
def names_its_headers(
    context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """The operation names each header of the contract's that the answer carries."""
    del context
    schema = case.operation.schema.raw_schema
    known = {name.lower() for name in schema["components"]["headers"]}
    operation = schema["paths"][case.operation.path][case.operation.method.lower()]
    answer = operation["responses"].get(str(response.status_code), {})
    named = {name.lower() for name in answer.get("headers", {})}
    sent = {name.lower() for name in response.headers} & known
    # Another method than the operation's (405) is in no contract, nor is what it is answered.
    unnamed = sent - named if answer else set()
    assert not unnamed, f"{response.status_code} carries {unnamed}, which it does not name"
    if case.operation.path not in PROBES and response.status_code not in BEFORE_BUDGETS:
        assert sent >= BUDGET, f"{response.status_code} does not say what is left"
