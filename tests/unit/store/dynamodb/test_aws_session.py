"""AWS needs a region and credentials; the error names what is missing and how to set it."""

from pathlib import Path

import pytest

from app.store.dynamodb.aws_session import AWSNotSetUp, aws_session

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}


@pytest.fixture(autouse=True)
def no_aws_setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("REGION", "DEFAULT_REGION", "PROFILE", "DEFAULT_PROFILE", "SESSION_TOKEN"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def given(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_both_are_named_when_both_are_missing() -> None:
    with pytest.raises(AWSNotSetUp) as error:
        aws_session()
    assert "AWS_REGION" in str(error.value)
    assert "AWS_PROFILE" in str(error.value)


def test_only_the_missing_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, AWS_REGION="eu-west-1")
    with pytest.raises(AWSNotSetUp, match=r"^STOCKPULSE_DYNAMODB=aws needs credentials"):
        aws_session()


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_either_name_of_the_region_counts(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given(monkeypatch, **KEYS, **{name: "eu-west-1"})
    assert aws_session().region_name == "eu-west-1"


def test_aws_region_counts_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **KEYS, AWS_REGION="eu-west-1", AWS_DEFAULT_REGION="us-east-1")
    assert aws_session().region_name == "eu-west-1"


def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, AWS_REGION="eu-west-1", AWS_PROFILE="shop")
    with pytest.raises(AWSNotSetUp, match="shop"):
        aws_session()


def test_half_a_pair_of_keys_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, AWS_REGION="eu-west-1", AWS_ACCESS_KEY_ID="AKIDEXAMPLE")
    with pytest.raises(AWSNotSetUp, match="AWS_SECRET_ACCESS_KEY"):
        aws_session()
