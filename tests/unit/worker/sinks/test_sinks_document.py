"""The sink in docs/use/sinks.md works as an entry point of an installed package."""

import json
import re
import sys
from pathlib import Path

import pytest

from app.config.settings import Settings, SettingsError
from tests.support.builders import an_event
from tests.support.http.receiver import receiving
from tests.support.paths import DOCS
from worker.consumers.sink import Unavailable
from worker.sinks.entry_points import installed_sinks

TEXT = (DOCS / "use" / "sinks.md").read_text()


def _code(language: str, word: str) -> str:
    found = re.search(rf"```{language}\n([^`]*{word}[^`]*)```", TEXT)
    assert found is not None
    return found.group(1)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package of the document, installed; its receiver's address is in a file."""
    code, (point,) = _code("python", "def deliver"), re.findall(r"\npager = \"(.*)\"\n", TEXT)
    assert len(code.strip().splitlines()) <= 12, "a sink in ten lines, with its imports"
    (tmp_path / "shop_pager.py").write_text(code)
    (tmp_path / "shop_broken.py").write_text("raise RuntimeError('no such driver')")
    installed = tmp_path / "shop_pager-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-pager\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(
        f"[stockpulse.sinks]\npager = {point}\nbroken = shop_broken:deliver\nword = os:sep\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in ("shop_pager", "shop_broken"):  # of another test
        monkeypatch.delitem(sys.modules, module, raising=False)
    return tmp_path


def settings(*names: str) -> Settings:
    return Settings(_env_file=None, sinks=names)


def test_the_sink_of_the_document_delivers_rejects_and_waits(package: Path) -> None:
    first, second = an_event(1), an_event(2)
    module = package / "shop_pager.py"
    with receiving() as receiver:
        module.write_text(module.read_text().replace("https://pager.example/stock", receiver.url))
        (sink,) = installed_sinks(settings("pager"))
        assert sink.name == "pager"
        receiver.status = 200
        receiver.body = json.dumps({"refused": {second.id: "unknown"}}).encode()
        (rejected,) = sink.deliver([first, second])
        assert (rejected.event, rejected.error) == (second, "unknown")
        assert [one["id"] for one in json.loads(receiver.received[0].body)] == [first.id, second.id]
        receiver.status = 503
        with pytest.raises(Unavailable, match="answers 503"):
            sink.deliver([first])


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("absent", r"no installed package has the sink absent\. Installed: .*pager"),
        (
            "broken",
            r"broken \(shop_broken:deliver\) cannot be loaded: RuntimeError: no such driver",
        ),
        ("word", "word is a str: it must be a function"),
        ("webhook", "the name of a sink of Stockpulse itself"),
    ],
)
def test_a_sink_that_cannot_be_loaded_stops_the_start_with_the_reason(
    package: Path, name: str, why: str
) -> None:
    with pytest.raises(SettingsError, match=why):
        installed_sinks(settings(name))
