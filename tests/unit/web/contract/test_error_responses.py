"""A route's errors and those of every operation are merged by status."""

from copy import deepcopy

import pytest

from app.core.errors import ItemTooLarge, ProductNotFound, StockpulseError
from app.web.contract.error_responses import PROBLEM, error_responses, merged


class Gone(StockpulseError):
    """The product was deleted."""

    status = 410
    code = "gone"
    title = "The product is gone"


class GoneForGood(StockpulseError):
    """The product was deleted, and its history has expired."""

    status = 410
    code = "gone-for-good"
    title = "The product is gone for good"


def test_a_status_gets_the_titles_and_examples_of_all_its_errors() -> None:
    both = merged(error_responses(GoneForGood), error_responses(Gone))["410"]
    assert both["description"] == f"{GoneForGood.title}. {Gone.title}"
    assert set(both["content"][PROBLEM]["examples"]) == {"gone", "gone-for-good"}


def test_a_title_is_listed_once() -> None:
    (response,) = error_responses(Gone, Gone).values()
    assert response["description"] == Gone.title


def test_the_arguments_are_not_changed() -> None:
    own, others = error_responses(GoneForGood, ProductNotFound), error_responses(Gone, ItemTooLarge)
    before = deepcopy((own, others))
    merged(own, others)
    assert (own, others) == before


def test_an_error_without_a_docstring_is_refused() -> None:
    undocumented = type("Undocumented", (Gone,), {"__doc__": None})
    with pytest.raises(TypeError, match="Undocumented needs a docstring"):
        error_responses(undocumented)
