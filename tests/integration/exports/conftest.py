"""Products with all that is hard to export."""

from collections.abc import Iterator

import pytest

from app.web.requests.exports import product_exports
from tests.integration.exports.kit import filled
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Products with all that is hard to export."""
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("exports"))) as running:
        until(lambda: filled(running))
        running.create("007", stock=0, price="19.90", name="=1+1", barcode="00012345678901234567")
        running.create("-5", stock=12, name="'quoted", tags=["a;b", "=x", "c\\", "d,e"])
        running.create("P3", stock=3, name='He said "no", twice', category="Größe 😀")
        running.create("P4", stock=4, name="a;=b", reorder_point=9, category="+1")
        running.create("P5", stock=5, name="<r><t>x</t></r>", category="@home")
        yield running


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product_exports, "PAGE", 2)
