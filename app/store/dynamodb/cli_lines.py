"""Lines that a person can paste into a shell to reach the same tables with the AWS CLI."""

from app.core.item import AttributeNames
from app.store.dynamodb.client import LOCAL_CREDENTIAL, LOCAL_REGION


def aws(endpoint: str | None) -> str:
    """The AWS CLI's DynamoDB command, at a local endpoint or as it is set up (None)."""
    if endpoint is None:
        return "aws dynamodb"
    return (
        f"AWS_ACCESS_KEY_ID={LOCAL_CREDENTIAL} AWS_SECRET_ACCESS_KEY={LOCAL_CREDENTIAL} "
        f"aws dynamodb --endpoint-url {endpoint} --region {LOCAL_REGION}"
    )


def update_line(endpoint: str | None, table: str, names: AttributeNames) -> str:
    """Set the stock and name of product P123."""
    return (
        f"{aws(endpoint)} update-item --table-name {table} "
        f"""--key '{{"{names.key}":{{"S":"P123"}}}}' """
        """--update-expression 'SET #s = :s, #n = :n' """
        f"""--expression-attribute-names '{{"#s":"{names.stock}","#n":"{names.name}"}}' """
        """--expression-attribute-values '{":s":{"N":"50"},":n":{"S":"Blue kettle"}}'"""
    )
