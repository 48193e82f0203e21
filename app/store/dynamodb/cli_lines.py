"""Shell commands that reach the same tables with the AWS CLI, for people to paste."""

import json

from app.core.item import AttributeNames
from app.core.keys import KeySchema
from app.store.dynamodb.client import LOCAL_CREDENTIAL, LOCAL_REGION


def aws(endpoint: str | None) -> str:
    """The AWS CLI's DynamoDB command, for a local endpoint or the CLI's own settings (None)."""
    if endpoint is None:
        return "aws dynamodb"
    return (
        f"AWS_ACCESS_KEY_ID={LOCAL_CREDENTIAL} AWS_SECRET_ACCESS_KEY={LOCAL_CREDENTIAL} "
        f"aws dynamodb --endpoint-url {endpoint} --region {LOCAL_REGION}"
    )


def _key(schema: KeySchema) -> str:
    examples = {"S": "P123", "N": "123", "B": "UDEyMw=="}  # the CLI takes binary as base64
    return json.dumps(
        {part.name: {part.kind: examples[part.kind]} for part in schema.parts},
        separators=(",", ":"),
    )


def update_line(endpoint: str | None, table: str, names: AttributeNames) -> str:
    """The command that sets the stock and name of product P123."""
    return (
        f"{aws(endpoint)} update-item --table-name {table} "
        f"--key '{_key(names.key)}' "
        """--update-expression 'SET #s = :s, #n = :n' """
        f"""--expression-attribute-names '{{"#s":"{names.stock}","#n":"{names.name}"}}' """
        """--expression-attribute-values '{":s":{"N":"50"},":n":{"S":"Blue kettle"}}'"""
    )
