"""Shell commands that reach the same tables with the AWS CLI, for people to paste.

A command contains no secret: credentials that Stockpulse finds in the AWS configuration, the AWS
CLI finds there too.
"""

from app.core.item import AttributeNames
from app.store.dynamodb.aws_session import LOCAL_CREDENTIAL, Session


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
    return (
        f"{aws(endpoint, session)} update-item --table-name {table} "
        f"""--key '{{"{names.key}":{{"S":"P123"}}}}' """
        """--update-expression 'SET #s = :s, #n = :n' """
        f"""--expression-attribute-names '{{"#s":"{names.stock}","#n":"{names.name}"}}' """
        """--expression-attribute-values '{":s":{"N":"50"},":n":{"S":"Blue kettle"}}'"""
    )
