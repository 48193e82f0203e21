"""A process has a region and credentials for DynamoDB, or does not start.

- AWS: those that the AWS CLI finds: environment, profile, SSO, the machine's or container's role.
- An endpoint URL: the same, but no role is asked for: where there is no metadata service, that
  takes seconds. What is missing is replaced by placeholders, which local engines accept. (DynamoDB
  Local without `-sharedDb` has a set of tables for each region and access key.)
- The embedded engine: placeholders. Nothing in the AWS configuration can stop it.
"""

import os
from dataclasses import dataclass
from functools import cache
from json import JSONDecodeError

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader, create_loader
from botocore.session import Session as CoreSession
from botocore.utils import validate_region_name

LOCAL_REGION = "us-east-1"
LOCAL_CREDENTIAL = "stockpulse"

_ROLES = ("container-role", "iam-role")  # botocore's providers that call a metadata service

_REGION = "a region (set AWS_REGION)"
_CREDENTIALS = "credentials (set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"
_REMEDY = "Correct it, or unset AWS_PROFILE and the keys to use placeholders"


class AWSNotSetUp(Exception):
    """The AWS configuration is incomplete or cannot be used; says what to change."""


@dataclass(frozen=True, slots=True)
class Session:
    """A boto3 session with region and credentials.

    `placeholder`: the credentials are not from the AWS configuration, but `LOCAL_CREDENTIAL`.
    """

    boto: boto3.Session
    placeholder: bool = False

    @property
    def region(self) -> str:
        """The region of all calls."""
        return str(self.boto.region_name)


def session_for(endpoint: str | None, asked: str = "STOCKPULSE_DYNAMODB=aws") -> Session:
    """The session for an endpoint URL, or for AWS (None), which the setting `asked` asks for.

    Raises:
        AWSNotSetUp: AWS has no region or no credentials, or those that are configured cannot be
            used.

    """
    core = CoreSession()
    core.register_component("data_loader", _models())
    try:
        if endpoint is not None:
            for role in _ROLES:
                core.get_component("credential_provider").remove(role)
        # botocore itself reads AWS_DEFAULT_REGION only.
        region = os.environ.get("AWS_REGION") or core.get_config_variable("region")
        if region is not None:
            validate_region_name(region)
        credentials = core.get_credentials()
        if credentials is not None:
            credentials.get_frozen_credentials()  # from SSO or STS, this makes the call now
    except (BotoCoreError, ClientError, OSError, JSONDecodeError) as error:
        # An unknown profile, one key of the two, an expired token; OSError and JSONDecodeError: a
        # `credential_process` that cannot be run, or does not print JSON.
        reason = (
            "credential_process does not print JSON"
            if isinstance(error, JSONDecodeError)
            else str(error).rstrip(".")
        )
        remedy = "" if endpoint is None else f". {_REMEDY}"
        raise AWSNotSetUp(f"The AWS configuration cannot be used: {reason}{remedy}") from error
    found = credentials is not None
    if endpoint is None:
        missing = [] if region else [_REGION]
        missing += [] if found else [_CREDENTIALS]
        if missing:
            raise AWSNotSetUp(f"{asked} needs {' and '.join(missing)}")
    elif not found:
        _check_not_meant(core)
        core.set_credentials(LOCAL_CREDENTIAL, LOCAL_CREDENTIAL)
    boto = boto3.Session(botocore_session=core, region_name=region or LOCAL_REGION)
    return Session(boto, placeholder=not found)


def embedded_session() -> Session:
    """The session for the embedded engine: no AWS configuration, and no proxy of `HTTP_PROXY`."""
    nowhere = (None, None, os.devnull, None)
    core = CoreSession(
        {
            "profile": (None, None, None, None),
            "config_file": nowhere,
            "credentials_file": nowhere,
        }
    )
    core.register_component("data_loader", _models())
    core.set_default_client_config(Config(proxies={}))
    core.set_credentials(LOCAL_CREDENTIAL, LOCAL_CREDENTIAL)
    boto = boto3.Session(botocore_session=core, region_name=LOCAL_REGION)
    return Session(boto, placeholder=True)


@cache
def _models() -> Loader:
    """One cache of botocore's models for all sessions: reading them takes 50 ms of CPU."""
    return create_loader()


def _check_not_meant(core: CoreSession) -> None:
    """Refuse placeholders where the environment names a profile or a key without effect."""
    profile = core.get_config_variable("profile")
    if profile is not None:
        raise AWSNotSetUp(f"The AWS profile {profile} gives no credentials. {_REMEDY}")
    if os.environ.get("AWS_SECRET_ACCESS_KEY"):
        raise AWSNotSetUp(f"AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID. {_REMEDY}")
