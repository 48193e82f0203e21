"""Shell commands that reach the same tables with the AWS CLI, for people to paste.

A command contains no secret: credentials that Stockpulse finds in the AWS configuration, the AWS
CLI finds there too.
"""

import json
import shlex
from typing import Any

from app.core.item import AttributeNames
from app.core.keys import KeySchema
from app.core.paths import path_of, with_value
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
    """The command that sets the stock and name of product P123.

    An attribute inside a map is set with the whole map, but only if the product has none.
    """
    item: dict[str, Any] = {}
    for name, value in ((names.stock, {"N": "50"}), (names.name, {"S": "Blue kettle"})):
        if path_of(name)[0] not in names.key.names:  # what is part of the key cannot be set
            item = with_value(item, path_of(name), value)
    aliases = {f"#{n}": name for n, name in enumerate(item)}
    values = {f":{n}": value for n, value in enumerate(item.values())}
    places = [f"#{n} = :{n}" for n in range(len(item))]
    maps = [f"attribute_not_exists(#{n})" for n, value in enumerate(item.values()) if "M" in value]
    condition = f"--condition-expression '{' AND '.join(maps)}' " if maps else ""
    return (
        f"{aws(endpoint, session)} update-item --table-name {table} "
        f"--key {_json(_key(names.key))} "
        f"--update-expression 'SET {', '.join(places)}' "
        f"{condition}"
        f"--expression-attribute-names {_json(aliases)} "
        f"--expression-attribute-values {_json(values)}"
    )


def _key(schema: KeySchema) -> dict[str, Any]:
    return {part.name: {part.kind: _PARTS[part.kind]} for part in schema.parts}


def _json(value: Any) -> str:
    return shlex.quote(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
