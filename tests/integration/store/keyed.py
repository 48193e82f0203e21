"""Tables with any key, and the verification of their audit."""

from app.config.key_files import own_keys, parse_keys
from app.core.keys import KeySchema
from app.store.audit.verification import Finding
from app.store.audit.verifier import Verifier
from app.store.dynamodb.client import connect
from app.store.dynamodb.products_table import with_key
from tests.support.processes.running import App


def create_table(endpoint: str, schema: KeySchema, view: str, table: str) -> None:
    connect(endpoint).tables.create_table(
        TableName=table,
        KeySchema=[
            {"AttributeName": part.name, "KeyType": role}
            for part, role in zip(schema.parts, ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[
            {"AttributeName": part.name, "AttributeType": part.kind} for part in schema.parts
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
    )


def verified(app: App) -> list[Finding]:
    settings = app.services.settings
    names = with_key(app.tables, settings.table_names, settings.attributes)
    keys = parse_keys(own_keys(settings.data_dir))
    verifier = Verifier(app.tables, settings.table_names, names, keys, settle=0.1)
    return verifier.run(None, lambda _: None).findings
