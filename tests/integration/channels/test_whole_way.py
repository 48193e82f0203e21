"""From a rule made over REST to messages that are read where they arrive, on real channels."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from standardwebhooks import Webhook as Verifier

from tests.integration.channels.queues import Queue
from tests.integration.consumers.webhooks import begun
from tests.support.http.receiver import Receiver, receiving
from tests.support.messages.certificate import self_signed
from tests.support.messages.mail_server import PASSWORD, USER, MailServer, mail_server
from tests.support.processes.ministack import MiniStack
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until


@dataclass
class Shop:
    """A running application, and where its messages arrive."""

    app: App
    mail: MailServer
    hook: Receiver
    queue: Queue

    def rule(self, **what: Any) -> dict[str, Any]:
        """A rule that tells all three of them."""
        recipients = [
            {"channel": "email", "address": "ann@shop.example"},
            {"channel": "sns", "address": self.queue.topic},
            {"channel": "webhook", "address": self.hook.url},
        ]
        body = {"name": "Deletions", "what": what, "recipients": recipients}
        answer = self.app.http.post("/v1/rules", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def secret(self, rule: dict[str, Any]) -> str:
        """The secret that signs the rule's webhook."""
        (hook,) = [one for one in rule["recipients"] if one["channel"] == "webhook"]
        url = f"/v1/rules/{rule['id']}/recipients/{hook['id']}/secret"
        return str(self.app.http.get(url).json()["secret"])


@pytest.fixture(scope="module")
def shop(
    endpoint: str, stack: MiniStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("whole")
    certificate = self_signed(folder)
    with (
        pytest.MonkeyPatch.context() as patch,
        mail_server(certificate, auth=True) as mail,
        receiving() as hook,
    ):
        patch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
        settings = settings_for(
            endpoint,
            folder,
            smtp_url=f"smtp://{USER}:{quote(PASSWORD, safe='')}@localhost:{mail.port}",
            smtp_from="Stockpulse <stock@shop.example>",
            sns_endpoint=stack.url,
            public_url="https://stock.shop.example",
            notify_private_addresses=True,
        )
        with serving(settings) as app:
            until(lambda: "notifications" in begun(app))  # it sends nothing about earlier changes
            yield Shop(app, mail, hook, Queue(stack, "whole-way"))


def test_a_deleted_item_is_told_on_every_channel(shop: Shop) -> None:
    rule = shop.rule(kinds=["deleted"])
    etag = shop.app.create("WHOLE-1", stock=7).headers["ETag"]
    assert shop.app.http.delete("/v1/products/WHOLE-1", headers={"If-Match": etag}).is_success
    until(lambda: shop.mail.received and shop.hook.received, 30)
    messages: list[dict[str, Any]] = []
    until(lambda: messages.extend(shop.queue.read()) or messages, 30)

    mail = shop.mail.received[-1]
    assert mail["Subject"] == "Name of WHOLE-1 (WHOLE-1) was deleted: last stock 7"
    assert mail["List-Unsubscribe"].startswith("<https://stock.shop.example/unsubscribe?token=")
    event = json.loads(messages[0]["Body"])
    assert (event["type"], event["subject"]) == ("stockpulse.product.deleted", "WHOLE-1")
    sent = shop.hook.received[-1]
    verified = Verifier(shop.secret(rule)).verify(sent.body, dict(sent.headers))
    assert verified["id"] == event["id"] == sent.headers["webhook-id"]
    assert (len(shop.mail.received), len(shop.hook.received), len(messages)) == (1, 1, 1)


def test_a_test_of_the_rule_arrives_on_every_channel(shop: Shop) -> None:
    rule = shop.rule(alerts=["out"])
    answer = shop.app.http.post(f"/v1/rules/{rule['id']}/test")
    assert [one["accepted"] for one in answer.json()["items"]] == [True, True, True], answer.text
    assert shop.mail.received[-1]["Subject"] == "Test of “Deletions”"
    assert json.loads(shop.hook.received[-1].body)["type"] == "stockpulse.test"
    assert any(json.loads(one["Body"])["type"] == "stockpulse.test" for one in shop.queue.read())


@pytest.mark.parametrize(
    ("channel", "address", "reason"),
    [
        ("email", "ann", "is not an e-mail address"),
        ("sns", "stock", "must be the ARN of a topic"),
        ("webhook", "https://shop.example/?token=x", "usually holds a secret"),
        ("webhook", "secret:NOBODY", "There is no secret NOBODY"),
        ("apprise", "slack://A/B/C", "holds a secret"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_with_the_field_named(
    shop: Shop, channel: str, address: str, reason: str
) -> None:
    recipients = [{"channel": channel, "address": address}]
    body = {"name": "x", "what": {"kinds": ["deleted"]}, "recipients": recipients}
    answer = shop.app.http.post("/v1/rules", json=body)
    assert answer.status_code == 422
    assert reason in answer.text
    assert "recipients" in answer.text
