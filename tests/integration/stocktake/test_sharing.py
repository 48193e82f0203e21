"""Two people work on one list: each sees what the other scans, and neither loses a line of it."""

from collections.abc import Callable

import pytest

from app.store.stocktake.line_store import LineStore
from tests.integration.stocktake.kit import PATH, List
from tests.support.house import HTML
from tests.support.processes.running import App


def test_page_learns_of_the_lines_of_others_and_only_of_changes(app: App, name: str) -> None:
    app.create(f"{name}1", 3)
    app.create(f"{name}2", 3)
    mine = List(app)
    mine.scan(f"{name}1")
    seen = mine.version
    quiet = mine.news(seen)
    assert (quiet.status_code, quiet.content) == (304, b"")
    List(app, draft=mine.id).scan(f"{name}2")
    news = mine.news(seen)
    assert news.status_code == 200
    assert f'data-product="{name}2"' in news.text
    assert mine.news(mine.version).status_code == 304
    assert mine.news("").status_code == 200
    mine.run()
    assert 'data-state="done"' in mine.news(seen).text
    unknown = app.http.get(f"{PATH}/news?draft={'0' * 16}", headers=HTML)
    assert unknown.status_code == 404


def test_list_that_others_have_changed_is_not_discarded_unseen(app: App, name: str) -> None:
    app.create(f"{name}1", 3)
    app.create(f"{name}2", 3)
    mine = List(app)
    mine.scan(f"{name}1")
    seen = mine.version
    List(app, draft=mine.id).scan(f"{name}2")
    refused = mine.post("discard", seen=seen)
    assert refused.status_code == 409
    assert "has changed this list" in refused.text
    assert f'data-product="{name}2"' in refused.text
    assert len(mine.amounts()) == 2
    for wrong in ("", "x", "0", "9" * 12):
        assert mine.post("discard", seen=wrong).status_code == 409
    assert mine.post("discard", seen=mine.version).status_code == 303


def test_scan_into_a_discarded_list_is_refused_and_begins_no_list_again(
    app: App, name: str
) -> None:
    app.create(f"{name}1", 3)
    mine = List(app)
    mine.scan(f"2*{name}1")
    seen = mine.version
    assert mine.post("discard", seen=seen).status_code == 303
    for form, fields in (
        ("scan", {"code": f"{name}1", "scan": f"{name}a"}),
        ("remove", {"product": f"{name}1"}),
        ("name", {"list_name": "again"}),
        ("commit", {}),
    ):
        late = mine.post(form, **fields)
        assert late.status_code in {404, 409}, form
        assert "discarded this list" in late.text
    assert 'data-error="draft-closed"' in mine.post("scan", code=f"{name}1").text
    assert app.services.store.stocktakes.lines(mine.id) == []
    assert mine.post("discard", seen=seen).status_code == 303  # a repeat
    shown = mine.news(seen)
    assert shown.status_code == 404
    assert "has discarded this list" in shown.text
    # What was refused can be added to another list, whose id the page has.
    assert f'data-fresh="{mine.id}"' not in shown.text
    assert mine.id not in app.http.get(PATH, headers=HTML).text


@pytest.mark.parametrize("moment", ["before", "after"])
def test_scan_in_the_middle_of_a_discard_is_kept_or_refused(
    app: App, name: str, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    app.create(f"{name}1", 3)
    mine, lists = List(app), app.services.store.stocktakes
    mine.scan(f"{name}1")
    seen = mine.version
    real: Callable[..., None] = LineStore.commit
    answers: list[int] = []

    def beside(store: LineStore, *actions: dict[str, object]) -> None:
        """Somebody else scans while the discard is written."""
        monkeypatch.undo()
        if moment == "after":
            real(store, *actions)
        answers.append(mine.post("scan", code=f"{name}1").status_code)
        if moment == "before":
            real(store, *actions)

    monkeypatch.setattr(LineStore, "commit", beside)
    discarded = mine.post("discard", seen=seen).status_code
    if moment == "before":
        assert (answers, discarded) == ([303], 409)
        assert mine.amounts() == ["2"]
    else:
        assert (answers, discarded) == ([409], 303)
        assert lists.lines(mine.id) == []
