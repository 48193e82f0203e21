"""A query parameter that a route does not know is refused, and the known ones are told."""

import pytest

from app.web.errors import UnknownParameter
from app.web.requests.strict_route import refuse_unknown


def test_unknown_ones_are_named_and_so_are_the_known() -> None:
    with pytest.raises(UnknownParameter, match=r"know colour, kinds: it takes after, kind\.") as it:
        refuse_unknown(["kinds", "kind", "colour"], ["after", "kind"])
    assert [fault["pointer"] for fault in it.value.extra["errors"]] == ["?colour", "?kinds"]
    with pytest.raises(UnknownParameter, match="it takes none"):
        refuse_unknown(["kind"], [])
    refuse_unknown(["kind"], ["after", "kind"])


def test_thousands_are_not_all_named() -> None:
    with pytest.raises(UnknownParameter) as refused:
        refuse_unknown(map(str, range(5000)), [])
    assert len(refused.value.extra["errors"]) == 20
