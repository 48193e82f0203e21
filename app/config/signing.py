"""New audit entries are signed by the first key given, or by the data folder's own."""

from datetime import timedelta

from app.config.key_files import own_keys, parse_keys
from app.config.settings import Settings
from app.store.audit.entry import Signer


def signer_of(settings: Settings) -> Signer:
    """The signer of new audit entries; without keys in the settings the data folder is ours."""
    days = settings.audit_retention_days
    retention = None if days is None else timedelta(days=days)
    key_id, key = next(iter(audit_keys(settings).items()))
    return Signer(key_id, key, retention)


def audit_keys(settings: Settings) -> dict[str, bytes]:
    """Every audit key of this process, the one that signs first."""
    keys = settings.audit_keys
    return parse_keys(own_keys(settings.data_dir) if keys is None else keys.get_secret_value())
