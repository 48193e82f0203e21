"""At an endpoint URL, each command signs with the region and credentials of the AWS CLI."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.process import Process
from tests.support.processes.starts import SOON, assert_one_line, start

PROFILES = """
[profile staff]
region = eu-central-1
sso_session = company
sso_account_id = 123456789012
sso_role_name = Warehouse
[sso-session company]
sso_region = eu-central-1
sso_start_url = https://company.example/start
"""
ROLE = {
    "accessKeyId": "ASIASSO",
    "secretAccessKey": "s3cr3t",
    "sessionToken": "t0ken",
    "expiration": 4_000_000_000_000,
}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cr3t"}
_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/dynamodb/aws4_request")


class Service:
    """Answers SSO's calls with a role's credentials, and DynamoDB's with an error."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.signed: set[tuple[str, str]] = set()  # access key id and region
        self.tokens: list[str | None] = []


@contextmanager
def service() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.tokens.append(self.headers.get("x-amz-sso_bearer_token"))
            self._answer(200, {"roleCredentials": ROLE})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            found.signed |= set(_SCOPE.findall(self.headers["Authorization"]))
            self._answer(400, {"__type": "AccessDeniedException", "message": "no"})

        def _answer(self, status: int, body: Any) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Service(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """A home folder where somebody has signed in with `aws sso login`; as environment."""
    cache = tmp_path / "home/.aws/sso/cache"
    cache.mkdir(parents=True)
    token = {"accessToken": "signed-in", "expiresAt": "2999-01-01T00:00:00Z"}
    (cache / f"{hashlib.sha1(b'company').hexdigest()}.json").write_text(json.dumps(token))
    config = tmp_path / "home/.aws/config"
    config.write_text(PROFILES)
    return {
        "HOME": str(tmp_path / "home"),
        "AWS_CONFIG_FILE": str(config),
        "AWS_PROFILE": "staff",
    }


@pytest.mark.parametrize(
    "command",
    [("serve",), ("init",), ("inspect", "Products"), ("verify",), ("key", "list")],
    ids=lambda command: command[0],
)
def test_each_command_signs_with_what_the_environment_says(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    with service() as dynamodb:
        given = KEYS | {"AWS_REGION": "eu-west-1", "STOCKPULSE_DYNAMODB": dynamodb.url}
        errors = start(tmp_path, given, *command).errors()
        assert_one_line(errors, dynamodb.url, "AccessDenied")
        assert dynamodb.signed == {("AKIDEXAMPLE", "eu-west-1")}


def test_sso_signs_with_the_role_of_the_person_who_signed_in(
    tmp_path: Path, home: dict[str, str]
) -> None:
    with service() as aws:
        given = home | {"AWS_ENDPOINT_URL_SSO": aws.url, "STOCKPULSE_DYNAMODB": aws.url}
        assert_one_line(start(tmp_path, given, "init", forked=False).errors(), "AccessDenied")
        assert aws.signed == {("ASIASSO", "eu-central-1")}
        assert set(aws.tokens) == {"signed-in"}


def test_expired_sso_is_one_line(tmp_path: Path, home: dict[str, str]) -> None:
    for file in (tmp_path / "home/.aws/sso/cache").iterdir():
        file.unlink()
    given = home | {"STOCKPULSE_DYNAMODB": "http://127.0.0.1:9"}
    errors = start(tmp_path, given, "init", forked=False).errors()  # botocore reads HOME at import
    assert_one_line(errors, "Token for company does not exist", "AWS_PROFILE")


def test_engine_prints_a_line_for_the_same_tables(tmp_path: Path) -> None:
    given = KEYS | {"AWS_REGION": "eu-west-1", "STOCKPULSE_DYNAMODB": "http://127.0.0.1:9"}
    printed, errors = start(tmp_path, given, "engine").child.communicate(timeout=SOON)
    assert "\naws dynamodb --endpoint-url http://127.0.0.1:9 --region eu-west-1 scan " in printed
    assert "s3cr3t" not in printed + errors


@pytest.mark.embedded
def test_embedded_engine_starts_with_any_aws_configuration(tmp_path: Path) -> None:
    unusable = {"AWS_PROFILE": "shpo", "AWS_REGION": "eu west", "HTTP_PROXY": "http://127.0.0.1:9"}
    with Process(tmp_path / "data", environment=unusable) as app:
        assert "AWS_ACCESS_KEY_ID=stockpulse" in app.output
        assert app.stop() == 0


def test_inspect_needs_no_audit_key(tmp_path: Path) -> None:
    """It reads only; a command that signs or verifies needs the key."""
    with service() as dynamodb:
        given = KEYS | {
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL_DYNAMODB": dynamodb.url,
            "STOCKPULSE_DYNAMODB": "aws",
        }
        assert_one_line(start(tmp_path, given, "inspect", "Products").errors(), "AccessDenied")
        assert dynamodb.signed == {("AKIDEXAMPLE", "eu-west-1")}
        assert_one_line(start(tmp_path, given, "verify").errors(), "STOCKPULSE_AUDIT_KEYS")
        key = base64.b64encode(b"k" * 32).decode()
        signing = given | {"STOCKPULSE_AUDIT_KEYS": f"k1:{key}"}
        assert_one_line(start(tmp_path, signing, "verify").errors(), "AccessDenied")
