"""`docker compose up` as a person types it, with a project name and ports of its own."""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest

from tests.support.paths import ROOT
from tests.support.processes.process import free_port


class Stack:
    """The compose file's services, with volumes and images of their own."""

    def __init__(self) -> None:
        self.project = f"stockpulse-trial-{secrets.token_hex(4)}"
        self.app_port, self.dynamodb_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.app_port}"
        self.endpoint = f"http://127.0.0.1:{self.dynamodb_port}"
        self.http = httpx.Client(base_url=self.url, timeout=20)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")}
        self._environment = clean | {
            "APP_PORT": str(self.app_port),
            "DYNAMODB_PORT": str(self.dynamodb_port),
        }

    def compose(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one `docker compose` command on this project."""
        ran = subprocess.run(
            ["docker", "compose", "--project-name", self.project, *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert ran.returncode == 0 or not check, f"{ran.stdout}{ran.stderr}"
        return ran

    def up(self) -> None:
        """Start the services and wait until every health check passes."""
        ran = self.compose("up", "--detach", "--wait", "--wait-timeout", "180", check=False)
        if ran.returncode != 0:
            pytest.fail(f"{ran.stderr}\n{self.compose('logs', '--tail', '60').stdout}")

    def run_in(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside a running service, as its user."""
        return self.compose("exec", "--no-TTY", service, *command, check=False)

    def container(self, service: str) -> dict[str, Any]:
        """The `docker inspect` data of a service's container."""
        name = self.compose("ps", "--all", "--quiet", service).stdout.strip()
        shown = subprocess.run(["docker", "inspect", name], capture_output=True, check=True)
        inspected: dict[str, Any] = json.loads(shown.stdout)[0]
        return inspected

    def tables(self, region: str, user: str) -> Any:
        """A DynamoDB client with the given region and credentials."""
        return boto3.client(
            "dynamodb",
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=user,
            aws_secret_access_key=user,
        )


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The services, built from scratch with fresh volumes; everything is removed at the end."""
    if subprocess.run([ROOT / "scripts/docker.sh"], check=False).returncode != 0:
        pytest.skip("no docker compose on this machine")
    stack = Stack()
    try:
        stack.compose("build")
        stack.up()
        yield stack
    finally:
        stack.http.close()
        stack.compose("down", "--volumes", "--rmi", "local", "--remove-orphans")
