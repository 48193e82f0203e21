"""A secret is found by its name, in the file or in the environment, and its value stays there."""

from pathlib import Path

import pytest

from app.config.settings import Settings
from app.notifications.secrets import SecretMissing, Secrets, secrets_of


def test_an_address_that_is_no_secret_is_its_own_value() -> None:
    assert Secrets({}).value("ann@shop.example") == "ann@shop.example"


def test_the_file_wins_and_is_read_again_at_each_use(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text("CHAT=one=1\n")
    file.chmod(0o600)
    secrets = Secrets({"CHAT": "other", "PAGER": "two"}, file)
    assert (secrets.value("secret:CHAT"), secrets.value("secret:PAGER")) == ("one=1", "two")
    assert secrets.names() == ["CHAT", "PAGER"]
    file.write_text("CHAT=three\n")
    assert secrets.value("secret:CHAT") == "three"
    file.chmod(0o644)
    with pytest.raises(SecretMissing, match="is readable by others"):
        secrets.value("secret:CHAT")


@pytest.mark.parametrize("address", ["secret:", "secret:chat", "secret:A B", "secret:" + "A" * 65])
def test_a_name_of_another_form_is_refused(address: str) -> None:
    with pytest.raises(SecretMissing, match="capital letters"):
        Secrets({}).value(address)


def test_a_missing_secret_says_where_to_add_it() -> None:
    with pytest.raises(
        SecretMissing, match="STOCKPULSE_SECRETS_FILE, or sets STOCKPULSE_SECRET_X,"
    ):
        Secrets({}).value("secret:X")


def test_secrets_come_from_the_environment_and_from_the_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("STOCKPULSE_SECRET_A=from-file\nSTOCKPULSE_SECRET_B=x\n")
    monkeypatch.setenv("STOCKPULSE_SECRET_B", "from-environment")
    secrets = secrets_of(Settings(_env_file=None))
    assert secrets.value("secret:A") == "from-file"
    assert secrets.value("secret:B") == "from-environment"
