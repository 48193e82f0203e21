"""The settings choose the channels; an installed package adds one by an entry point."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.config.settings import Settings, SettingsError
from app.core.rules.rule import Recipient
from app.notifications.channels.channel import Channel
from app.notifications.channels.registry import label_of, open_channels, placeholder_of
from tests.support.messages.notifying import a_deployment, a_message
from tests.support.paths import DOCS

DOCUMENT = (DOCS / "use" / "channels.md").read_text()


def names(**settings: Any) -> set[str]:
    with open_channels(Settings(_env_file=None, **settings), a_deployment()) as channels:
        assert all(channel.name == name for name, channel in channels.items())
        return set(channels)


def install(folder: Path, name: str, value: str, code: str) -> None:
    """Lay out a package as pip installs it."""
    (folder / "shop_pager.py").write_text(code)
    info = folder / "shop_pager-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-pager\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[stockpulse.channels]\n{name} = {value}\n")


def test_mail_needs_a_server_and_the_others_need_nothing() -> None:
    always = {"sns", "webhook", "apprise"}
    assert names() >= always
    assert "email" not in names()
    mail = {"smtp_url": "smtps://mail.example", "smtp_from": "stock@shop.example"}
    assert names(**mail) >= always | {"email"}


def test_the_channel_of_the_documentation_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = re.search(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    point = re.search(r"(\w+) = \"(shop_pager:\w+)\"", DOCUMENT)
    assert found is not None
    assert point is not None
    assert len(list(filter(None, found[1].splitlines()))) <= 11
    install(tmp_path, point[1], point[2], found[1])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shop_pager", raising=False)  # of another test
    with open_channels(Settings(_env_file=None), a_deployment()) as channels:
        pager = channels["pager"]
        address = pager.checked("01701234567")
        pager.send(Recipient("pager", address), a_message())
        assert label_of(pager) == "pager"
        assert placeholder_of(pager) == ""
    assert "01701234567: Blue mug (P1) is low: 3 in stock" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("pager", "raise ImportError('no modem')", "no modem"),
        ("pager", "class Pager:\n    name = 'other'\n", "its name is 'other'"),
        ("webhook", "class Pager:\n    name = 'webhook'\n", "is built in"),
    ],
)
def test_a_channel_that_cannot_be_used_is_logged_and_leaves_the_others(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    code: str,
    reason: str,
) -> None:
    module = f"shop_pager_{abs(hash((name, code)))}"
    install(tmp_path, name, f"{module}:Pager", "")
    (tmp_path / f"{module}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    found: Mapping[str, Channel]
    with open_channels(Settings(_env_file=None), a_deployment()) as found:
        assert "pager" not in found
        assert type(found["webhook"]).__module__.startswith("app.")
    assert reason in caplog.text


def test_a_template_that_does_not_render_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "subject.txt").write_text("{{ nothing }}")
    with pytest.raises(SettingsError, match=r"TEMPLATES_DIR: subject.txt does not render"):
        names(templates_dir=tmp_path)
