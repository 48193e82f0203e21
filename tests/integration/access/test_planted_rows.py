"""Whoever can reach the engine can write rows, but a key or a link counts only if we signed it."""

import base64
import hashlib
from typing import Any

import pytest

from app.config.signing import audit_keys
from app.core.roles import Role
from app.store.access.api_key_secret import Secret, new_secret
from app.store.access.api_keys import ApiKeys
from app.store.access.key_names import KeyRefused
from app.store.access.settings_rows import row_key
from app.store.dynamodb import tables
from tests.support.house import House
from tests.support.waiting import until

KEYS = {"k1": b"1" * 32}
OTHER_KEYS = {"k2": b"2" * 32}


@pytest.fixture
def settings_table(house: House) -> str:
    return f"{house.app.services.settings.table_prefix}Settings"


def planted(secret: Secret, **changes: Any) -> dict[str, Any]:
    """A key's row as an outsider writes it, who has read the source code."""
    return {
        **row_key("key", secret.key_id),
        "Name": {"S": "mallory"},
        "Role": {"S": "admin"},
        "Hash": {"S": secret.hash},
        "CreatedAt": {"S": "2026-11-01T00:00:00.000Z"},
        "Version": {"N": "1"},
        **changes,
    }


def status(house: House, secret: str, path: str = "/v1/admin/log") -> int:
    house.refresh_keys()
    return house.app.http.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code


def test_planted_key_is_refused_and_reported_until_it_is_deleted(
    house: House, settings_table: str, caplog: pytest.LogCaptureFixture
) -> None:
    put, admin = house.app.tables.put_item, house.headers["admin"]
    secret = new_secret()
    forged = base64.urlsafe_b64encode(hashlib.sha256(b"").digest()).decode()
    mine = next(iter(audit_keys(house.app.services.settings)))
    for signature in (None, f"{mine}:{forged}", f"{mine}:é", "k9:x"):
        signed = {} if signature is None else {"Signature": {"S": signature}}
        put(TableName=settings_table, Item=planted(secret, **signed))
        assert status(house, secret.text) == 401
    put(TableName=settings_table, Item={**row_key("key", "?"), "Name": {"N": "1"}})
    assert status(house, house.secrets["admin"]) == 200, "a row of any form breaks nothing"

    for _ in range(3):
        house.refresh_keys()
        page = house.app.http.get("/admin", headers=admin).text
    assert secret.key_id in page
    assert "mallory" in page
    assert "which is not in STOCKPULSE_AUDIT_KEYS" in page
    logged = [line for line in caplog.messages if secret.key_id in line and "'k9'" in line]
    assert len(logged) == 1, "each refused row is logged once"

    def findings() -> str:
        return str(house.app.http.get("/readyz", headers=admin).json()["details"]["findings"])

    assert "2 stored API keys are refused" in findings()
    assert "2 stored API keys are refused" in house.app.http.get("/system", headers=admin).text
    house.keys.revoke("mallory", "test")
    house.keys.revoke("?", "test")
    house.refresh_keys()
    until(lambda: "refused" not in findings())
    (deleted, _) = house.app.http.get("/v1/admin/log?limit=2", headers=admin).json()["items"]
    assert deleted["action"] == "refused key deleted"


def test_changed_copied_and_moved_rows_are_refused(house: House, settings_table: str) -> None:
    tables_, key_row = house.app.tables, row_key("key", house.made["viewer"].id)
    row = tables_.get_item(TableName=settings_table, Key=key_row)["Item"]
    assert status(house, house.secrets["viewer"], "/v1/products") == 200
    other = new_secret()
    for changes in (
        {"Role": {"S": "admin"}},
        {"Expires": {"S": "2099-01-01T00:00:00.000Z"}},
        {"Hash": {"S": other.hash}},
        {"Name": {"S": "ada"}},
        {"Anything": {"BOOL": True}},
    ):
        tables_.put_item(TableName=settings_table, Item=row | changes)
        assert status(house, house.secrets["viewer"], "/v1/products") == 401, changes
    tables_.put_item(TableName=settings_table, Item=row | {"LastUsedAt": {"S": "2026-11-01"}})
    tables_.put_item(TableName=settings_table, Item=row)
    assert status(house, house.secrets["viewer"], "/v1/products") == 200

    copied = row | row_key("key", other.key_id) | {"Hash": {"S": other.hash}}
    tables_.put_item(TableName=settings_table, Item=copied)
    assert status(house, other.text, "/v1/products") == 401
    house.keys.revoke(other.key_id, "test")

    name = f"{settings_table}2"
    # A second table with the same keys.
    tables._create(tables_, name, ["Kind", "ID"], streamed=False)  # noqa: SLF001
    keys = ApiKeys(tables_, name, audit_keys(house.app.services.settings))
    key, secret = keys.create("elsewhere", Role.ADMIN, None, "test")
    moved = tables_.get_item(TableName=name, Key=row_key("key", key.id))["Item"]
    tables_.put_item(TableName=settings_table, Item=moved)
    assert status(house, secret.text) == 401
    house.keys.revoke(key.id, "test")


def test_deleting_a_planted_row_leaves_a_key_of_the_same_name_alone(
    house: House, settings_table: str
) -> None:
    secret = new_secret()
    put, name = house.app.tables.put_item, {"S": "editor"}
    put(TableName=settings_table, Item=planted(secret, Name=name))
    house.keys.revoke(secret.key_id, "test")
    assert status(house, house.secrets["editor"], "/v1/products") == 200
    with pytest.raises(KeyRefused, match="already exists"):
        house.keys.create("editor", Role.EDITOR, None, "test")


def test_revoked_key_stays_revoked_when_its_revocation_is_removed(
    house: House, settings_table: str
) -> None:
    house.app.tables.update_item(
        TableName=settings_table,
        Key=row_key("key", house.made["revoked"].id),
        UpdateExpression="REMOVE RevokedAt",
    )
    assert status(house, house.secrets["revoked"]) == 401
    house.keys.revoke(house.made["revoked"].id, "test")


def test_planted_sign_in_link_does_not_sign_in(
    house: House, settings_table: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = "t" * 43
    item = {
        **row_key("link", hashlib.sha256(token.encode()).hexdigest()),
        "Key": {"S": house.made["admin"].id},
        "ExpiresAt": {"N": "9999999999"},
    }
    house.app.tables.put_item(TableName=settings_table, Item=item)
    with house.browser() as browser:
        assert browser.get("/sign-in/link", params={"token": token}).status_code == 410
        assert browser.post("/sign-in/link", data={"token": token}).status_code == 410
    assert "refused a sign-in link" in caplog.text

    real = house.sign_in.make_link(house.made["viewer"], "test")
    link = row_key("link", hashlib.sha256(real.encode()).hexdigest())
    house.app.tables.update_item(
        TableName=settings_table,
        Key=link,
        UpdateExpression="SET #key = :admin",
        ExpressionAttributeNames={"#key": "Key"},
        ExpressionAttributeValues={":admin": {"S": house.made["admin"].id}},
    )
    assert house.sign_in.link_key(real) is None, "a link of a viewer is not one of an admin"


def test_keys_survive_a_change_of_the_audit_key(house: House, settings_table: str) -> None:
    name = f"{settings_table}3"
    tables._create(house.app.tables, name, ["Kind", "ID"], streamed=False)  # noqa: SLF001
    store = (house.app.tables, name)
    _, secret = ApiKeys(*store, KEYS).create("ada", Role.ADMIN, None, "test")

    both = ApiKeys(*store, OTHER_KEYS | KEYS)  # the new key signs, the old one still verifies
    assert [key.name for key in both.read().keys] == ["ada"]
    (refused,) = ApiKeys(*store, OTHER_KEYS).read().refused
    assert "'k1'" in refused.why
    both.sign_again()  # as a server does when it starts
    assert [key.hash for key in ApiKeys(*store, OTHER_KEYS).read().keys] == [secret.hash]
