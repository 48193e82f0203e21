"""The function's zip contains all that the handler imports, and builds are reproducible."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.config.settings import Settings
from tests.support.paths import ROOT
from tests.support.processes.ministack import build_zip

pytestmark = pytest.mark.embedded  # it uses no engine: one run is enough

# Without site-packages: only the zip and the standard library can be imported.
BARE = """
import sys
sys.path.insert(0, {folder!r})
import worker.aws_lambda.handler, prometheus_client, redis
from app.store.dynamodb.client import connect
connect("http://127.0.0.1:1")
from app.config.settings import Settings
from app.notifications.texts.templates import Texts, samples
from app.notifications.channels import registry
from app.notifications.channels.sns import SNSChannel
assert all(Texts().text(message).html for message in samples())
print(Settings(_env_file=None, timezone="Europe/Berlin").timezone)
"""


def test_the_handler_starts_from_the_zip_alone(lambda_zip: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(lambda_zip) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-S", "-c", BARE.format(folder=str(tmp_path))],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("Europe/Berlin\n", "")


def test_the_zip_is_the_same_at_every_build(lambda_zip: Path, tmp_path: Path) -> None:
    assert build_zip(tmp_path / "again.zip").read_bytes() == lambda_zip.read_bytes()


def test_the_zip_contains_no_web_server_and_no_build_leftovers(lambda_zip: Path) -> None:
    with zipfile.ZipFile(lambda_zip) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert not tops & {"fastapi", "starlette", "uvicorn", "apprise", "templates", "static"}
    assert not [name for name in names if name.startswith(("app/web/", "app/__pycache__/cli"))]
    cached = [name for name in names if name.endswith(".pyc")]
    assert len(cached) == sum(name.endswith(".py") for name in names), (
        "bytecode for every module, and nothing else"
    )
    assert {"dynamodb", "dynamodbstreams", "events", "s3", "sns", "sqs"} == {
        name.split("/")[2]
        for name in names
        if name.startswith("botocore/data/") and name.count("/") > 2
    }
    assert lambda_zip.stat().st_size < 16 * 1024 * 1024


def test_the_documentation_deploys_the_zip_s_handler(lambda_zip: Path) -> None:
    text = (ROOT / "docs" / "operate" / "lambda.md").read_text()
    handler = re.search(r"--handler (\S+)\.(\w+) ", text)
    assert handler is not None
    module, function = handler.groups()
    with zipfile.ZipFile(lambda_zip) as archive:
        source = archive.read(module.replace(".", "/") + ".py").decode()
    assert f"def {function}(" in source
    policies = re.findall(r"cat > (\w+)\.json <<'?JSON'?\n(.*?)\nJSON\n", text, re.DOTALL)
    assert [name for name, _ in policies] == ["trust", "policy", "environment"]
    variables = [json.loads(body) for _, body in policies][-1]["Variables"]
    assert {f"STOCKPULSE_{name.upper()}" for name in Settings.model_fields} >= set(variables)
