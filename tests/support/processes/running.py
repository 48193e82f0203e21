"""The real application in a test's process: uvicorn on a free port, over a real engine."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from app.bootstrap.web import running
from app.config.settings import Settings
from app.store.dynamodb.client import Clients, connect
from app.store.engine import find_running
from app.web.services import Services
from app.web.transport.protocol_class import bounded
from app.web.transport.server import Server
from tests.support.http.plain import Client
from tests.support.processes.routed import routed


@dataclass
class App:
    """A running application and its clients."""

    url: str
    http: httpx.Client
    services: Services
    web: FastAPI
    tables: Any  # a boto3 DynamoDB client, as another program uses it
    clients: Clients

    def create(self, product_id: str, stock: int = 10, **fields: Any) -> httpx.Response:
        """Create a product over REST."""
        body = {"product_id": product_id, "name": f"Name of {product_id}", "stock": stock}
        answer = self.http.post("/v1/products", json=body | fields)
        assert answer.status_code == 201, answer.text
        return answer

    def adjust(self, product_id: str, delta: int | str, reason: str = "sold") -> httpx.Response:
        """Change a product's stock over REST."""
        return self.http.post(
            f"/v1/products/{product_id}/adjustments", json={"delta": delta, "reason": reason}
        )

    def put_outside(self, **attributes: Any) -> None:
        """Put an item as another program does; values are strings, integers and bytes."""
        self.tables.put_item(TableName=self.services.about.products_table, Item=item(**attributes))


def item(**attributes: Any) -> dict[str, Any]:
    """An item in DynamoDB's typed form."""
    kinds = {str: "S", int: "N", bytes: "B", list: "L", dict: "M"}
    return {
        name: {kinds[type(value)]: str(value) if isinstance(value, int) else value}
        for name, value in attributes.items()
    }


def settings_for(endpoint: str, data_dir: Path, **changes: Any) -> Settings:
    """Settings of a separate deployment, even where test processes share one store."""
    process = os.environ.get("PYTEST_XDIST_WORKER", "")
    values: dict[str, Any] = {
        "dynamodb": endpoint,
        "data_dir": data_dir,
        "table_prefix": f"t{process}{data_dir.name[-40:]}-",
    }
    return Settings(_env_file=None, **(values | changes))


@contextmanager
def serving(settings: Settings, connections: int = 1000) -> Iterator[App]:
    """Serve the application until the block ends; `connections` may be open at a time."""
    with running(settings) as services, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        web = routed(services)
        config = uvicorn.Config(
            web,
            http=bounded(services, connections),
            ws="none",
            log_config=None,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
            lifespan="on",
        )
        server = Server(config, services.broker.close)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        clients = connect(_endpoint(settings))
        try:
            with Client(base_url=url, timeout=30) as http:
                yield App(url, http, services, web, clients.tables, clients)
        finally:
            server.should_exit = True
            thread.join(15)
            clients.tables.close()
            clients.streams.close()
        assert not thread.is_alive()


def _endpoint(settings: Settings) -> str:
    if settings.dynamodb != "embedded":
        return settings.dynamodb
    engine = find_running(settings.data_dir)
    assert engine is not None
    return engine.url
