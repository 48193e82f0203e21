"""A process that is to use AWS has a region and credentials, or does not start."""

import os

import boto3
from botocore.exceptions import BotoCoreError

_REGION = "a region (set AWS_REGION)"
_CREDENTIALS = "credentials (set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"


class AWSNotSetUp(Exception):
    """The environment and the AWS profile lack a region or credentials; says what to set."""


def aws_session() -> boto3.Session:
    """Return a session that has both, from the environment, a profile, or the machine's role.

    `AWS_REGION` counts first: boto3 itself reads `AWS_DEFAULT_REGION` only.

    Raises:
        AWSNotSetUp: one of them is missing, or the profile cannot be used.

    """
    try:
        session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        credentials = session.get_credentials()
    except BotoCoreError as error:  # an unknown profile, one key of the two
        raise AWSNotSetUp(f"STOCKPULSE_DYNAMODB=aws: {str(error).rstrip('.')}") from error
    missing = [_REGION] if session.region_name is None else []
    if credentials is None:
        missing.append(_CREDENTIALS)
    if missing:
        raise AWSNotSetUp(f"STOCKPULSE_DYNAMODB=aws needs {' and '.join(missing)}")
    return session
