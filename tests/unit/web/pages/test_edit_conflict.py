"""Two edits of one product are merged; a field that both changed needs a choice."""

from app.web.pages.forms import Form, patch_of, submitted_edit
from app.web.pages.products.edit_conflict import Difference, differences, rebased
from tests.unit.web.pages.test_forms import product, submitted


def sent_again(form: Form, **picked: str) -> Form:
    """The conflict page as a browser submits it."""
    hidden = {f"was_{name}": value for name, value in form.was.items()}
    picks = {f"pick_{name}": value for name, value in picked.items()}
    return submitted_edit({**form.values, **hidden, **picks})


def test_conflict_shows_base_theirs_and_yours() -> None:
    form = rebased(
        submitted(product(), name="Mine", price="2.5", note="why"),
        product(name="Theirs", category="New", etag='"e.c"'),
        price_decimals=2,
    )
    assert form.status == 412
    assert (form.values["etag"], form.values["note"]) == ('"e.c"', "why")
    found = differences(form)
    assert found == [
        Difference("name", base="Tea", theirs="Theirs", yours="Mine"),
        Difference("category", base="", theirs="New", yours=""),
        Difference("price", base="", theirs="", yours="2.5"),
    ]
    assert [one.name for one in found if one.both] == ["name"]


def test_merge_writes_the_chosen_values_and_leaves_theirs() -> None:
    form = rebased(
        submitted(product(), name="Mine", price="2.5"), product(name="Theirs", category="New"), 2
    )
    assert patch_of(sent_again(form, name="theirs")) == {"price": "2.5"}
    assert patch_of(sent_again(form, name="yours")) == {"name": "Mine", "price": "2.5"}


def test_identical_edits_need_no_choice_and_write_nothing() -> None:
    form = rebased(submitted(product(), name="Same"), product(name="Same", etag='"e.c"'), 2)
    assert [one.both for one in differences(form)] == [False]
    assert patch_of(sent_again(form)) == {}


def test_form_without_a_conflict_has_no_differences() -> None:
    assert differences(submitted(product(), name="Mine")) == []
