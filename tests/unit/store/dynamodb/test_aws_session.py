"""Region and credentials are those of the AWS CLI; what cannot be used is named."""

from pathlib import Path

import pytest
from botocore.utils import ContainerMetadataFetcher

from app.core.item import DEFAULT_NAMES
from app.store.dynamodb import cli_lines
from app.store.dynamodb.aws_session import (
    LOCAL_CREDENTIAL,
    LOCAL_REGION,
    AWSNotSetUp,
    Session,
    embedded_session,
    session_for,
)

URL = "http://127.0.0.1:8001"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cr3t"}
PROFILES = """
[profile shop]
region = eu-central-1
aws_access_key_id = SHOPKEY
aws_secret_access_key = s3cr3t
[profile region-only]
region = eu-central-1
[profile no-tool]
credential_process = /nonexistent/tool
[profile no-json]
credential_process = /bin/echo hello
"""
PLACEHOLDERS = (LOCAL_CREDENTIAL, LOCAL_REGION)


@pytest.fixture(autouse=True)
def profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(PROFILES)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


def given(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def used(session: Session) -> tuple[str, str]:
    """Access key id and region."""
    credentials = session.boto.get_credentials()
    assert credentials is not None
    return credentials.access_key, session.region


@pytest.fixture
def no_metadata_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the metadata service of EC2 would have answered at once: there is none."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("no_metadata_service")
def test_aws_without_both_names_both() -> None:
    with pytest.raises(AWSNotSetUp, match=r"^STOCKPULSE_DYNAMODB=aws needs .*REGION.*PROFILE"):
        session_for(None)


@pytest.mark.usefixtures("no_metadata_service")
def test_aws_without_one_names_only_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, {"AWS_REGION": "eu-west-1"})
    with pytest.raises(AWSNotSetUp, match=r"^STOCKPULSE_DYNAMODB=aws needs credentials"):
        session_for(None)


@pytest.mark.parametrize("endpoint", [None, URL], ids=["AWS", "endpoint"])
@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (KEYS | {"AWS_REGION": "eu-west-1"}, ("AKIDEXAMPLE", "eu-west-1")),
        (KEYS | {"AWS_DEFAULT_REGION": "eu-west-1"}, ("AKIDEXAMPLE", "eu-west-1")),
        (
            KEYS | {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-west-2"},
            ("AKIDEXAMPLE", "eu-west-1"),
        ),
        ({"AWS_PROFILE": "shop"}, ("SHOPKEY", "eu-central-1")),
        ({"AWS_PROFILE": "shop", "AWS_REGION": "eu-west-1"}, ("SHOPKEY", "eu-west-1")),
    ],
)
def test_region_and_credentials_are_those_of_the_aws_cli(
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str | None,
    environment: dict[str, str],
    expected: tuple[str, str],
) -> None:
    given(monkeypatch, environment)
    session = session_for(endpoint)
    assert (used(session), session.placeholder) == (expected, False)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, PLACEHOLDERS),
        ({"AWS_REGION": "eu-west-1"}, (LOCAL_CREDENTIAL, "eu-west-1")),
        (KEYS, ("AKIDEXAMPLE", LOCAL_REGION)),
    ],
)
def test_placeholders_stand_for_what_an_endpoint_lacks(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: tuple[str, str]
) -> None:
    given(monkeypatch, environment)
    session = session_for(URL)
    assert (used(session), session.placeholder) == (expected, expected[0] == LOCAL_CREDENTIAL)


def test_no_metadata_service_is_asked_for_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither may be reached: a call to port 9 of this machine is an error at once."""
    given(
        monkeypatch,
        {
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/role",
        },
    )
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)  # seconds between its tries
    with pytest.raises(AWSNotSetUp):
        session_for(None)
    assert used(session_for(URL)) == PLACEHOLDERS


@pytest.mark.parametrize("endpoint", [None, URL], ids=["AWS", "endpoint"])
@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"AWS_PROFILE": "shpo"}, "shpo"),
        ({"AWS_PROFILE": "no-tool"}, "/nonexistent/tool"),
        ({"AWS_PROFILE": "no-json"}, "credential_process does not print JSON"),
        ({"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"}, "AWS_SECRET_ACCESS_KEY"),
        (KEYS | {"AWS_REGION": "eu west"}, "eu west"),
    ],
)
def test_what_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, endpoint: str | None, environment: dict[str, str], named: str
) -> None:
    given(monkeypatch, {"AWS_REGION": "eu-west-1"} | environment)
    with pytest.raises(AWSNotSetUp, match=named):
        session_for(endpoint)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"AWS_PROFILE": "region-only"}, "region-only gives no credentials"),
        ({"AWS_SECRET_ACCESS_KEY": "s3cr3t"}, "without AWS_ACCESS_KEY_ID"),
    ],
)
def test_placeholders_never_replace_what_somebody_meant_to_use(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], named: str
) -> None:
    given(monkeypatch, environment)
    with pytest.raises(AWSNotSetUp, match=named) as error:
        session_for(URL)
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize("profile", ["shop", "shpo"])
def test_the_embedded_engine_depends_on_no_aws_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str
) -> None:
    given(monkeypatch, {"AWS_PROFILE": profile, "AWS_REGION": "eu west"})
    assert used(embedded_session()) == PLACEHOLDERS
    (tmp_path / "config").write_text("[default\n")
    assert used(embedded_session()) == PLACEHOLDERS


def test_cli_line_names_the_place_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    placeholder = cli_lines.aws(URL, session_for(URL))
    assert placeholder == (
        "AWS_ACCESS_KEY_ID=stockpulse AWS_SECRET_ACCESS_KEY=stockpulse "
        f"aws dynamodb --endpoint-url {URL} --region us-east-1"
    )
    given(monkeypatch, KEYS | {"AWS_REGION": "eu-west-1"})
    own = cli_lines.update_line(URL, session_for(URL), "Products", DEFAULT_NAMES)
    assert own.startswith(f"aws dynamodb --endpoint-url {URL} --region eu-west-1 update-item ")
    assert "s3cr3t" not in own
    assert cli_lines.aws(None, session_for(None)) == "aws dynamodb"
