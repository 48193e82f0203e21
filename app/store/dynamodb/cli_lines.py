"""Shell commands that reach the same tables with the AWS CLI, for people to paste.

A command contains no secret: credentials that Stockpulse finds in the AWS configuration, the AWS
CLI finds there too.
"""

import json
import shlex
from typing import Any

from app.core.item import AttributeNames
from app.core.keys import KeySchema
from app.core.paths import path_of
from app.store.dynamodb.aws_session import LOCAL_CREDENTIAL, Session

_PARTS = {"S": "P123", "N": "123", "B": "UDEyMw=="}  # the CLI takes binary as base64


def aws(endpoint: str | None, session: Session | None) -> str:
    """The AWS CLI's DynamoDB command for an endpoint (None: AWS).

    Without a session, the region is the CLI's own.
    """
    line = "aws dynamodb"
    if endpoint is not None:
        line += f" --endpoint-url {endpoint}"
        if session is not None:
            line += f" --region {session.region}"
    if session is not None and session.placeholder:
        keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        line = " ".join([*(f"{name}={LOCAL_CREDENTIAL}" for name in keys), line])
    return line


def update_line(
    endpoint: str | None, session: Session | None, table: str, names: AttributeNames
) -> str:
    """The command that sets the stock and name of product P123."""
    aliases: dict[str, str] = {}
    places = []
    for mark, name in (("s", names.stock), ("n", names.name)):
        path = path_of(name)
        own = [f"#{mark}{depth or ''}" for depth in range(len(path))]
        aliases.update(zip(own, path, strict=True))
        places.append(f"{'.'.join(own)} = :{mark}")
    values = {":s": {"N": "50"}, ":n": {"S": "Blue kettle"}}
    return (
        f"{aws(endpoint, session)} update-item --table-name {table} "
        f"--key {_json(_key(names.key))} "
        f"--update-expression 'SET {', '.join(places)}' "
        f"--expression-attribute-names {_json(aliases)} "
        f"--expression-attribute-values {_json(values)}"
    )


def _key(schema: KeySchema) -> dict[str, Any]:
    return {part.name: {part.kind: _PARTS[part.kind]} for part in schema.parts}


def _json(value: Any) -> str:
    return shlex.quote(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
