"""New audit entries are signed with the first key in the settings, or the data folder's own."""

from datetime import timedelta

from app.config.key_files import has_own_keys, own_keys, parse_keys
from app.config.settings import Settings
from app.store.audit.entry import Signer


def signer_of(settings: Settings) -> Signer:
    """The signer of new audit entries; creates the data folder's key if the settings have none."""
    days = settings.audit_retention_days
    retention = None if days is None else timedelta(days=days)
    (key_id, key), *older = audit_keys(settings).items()
    return Signer(key_id, key, retention, dict(older))


def audit_keys(settings: Settings) -> dict[str, bytes]:
    """All audit keys of this process; the first one signs."""
    keys = settings.audit_keys
    return parse_keys(own_keys(settings.data_dir) if keys is None else keys.get_secret_value())


def has_audit_keys(settings: Settings) -> bool:
    """Whether the settings or the data folder have a key, so that `audit_keys` creates none."""
    return settings.audit_keys is not None or has_own_keys(settings.data_dir)
