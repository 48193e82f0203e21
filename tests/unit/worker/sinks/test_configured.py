"""A sink without its library is explained, instead of an import error in a log."""

import sys
from pathlib import Path

import pytest

from app.config.settings import SettingsError
from tests.support.messages.notifying import a_deployment
from tests.support.processes.running import settings_for
from worker.sinks.configured import sinks_of


def test_sink_whose_library_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for("http://127.0.0.1:1", tmp_path, search_url="http://127.0.0.1:9200")
    for module in [name for name in sys.modules if name.startswith("worker.sinks.search")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "opensearchpy", None)
    explained = pytest.raises(SettingsError, match="package opensearchpy, which is not")
    with explained, sinks_of(settings, a_deployment()):
        pass
