"""An unknown query parameter is rejected, and the error lists the known ones."""

import pytest

from app.web.errors import UnknownParameter
from app.web.requests.strict_route import refuse_unknown


def test_error_lists_unknown_and_known_parameters() -> None:
    expected = r"parameters: colour, kinds\. This endpoint accepts: after, kind\."
    with pytest.raises(UnknownParameter, match=expected) as refused:
        refuse_unknown(["kinds", "kind", "colour"], ["after", "kind"])
    assert [error["pointer"] for error in refused.value.extra["errors"]] == ["?colour", "?kinds"]
    with pytest.raises(UnknownParameter, match=r"accepts: none\."):
        refuse_unknown(["kind"], [])
    refuse_unknown(["kind"], ["after", "kind"])


def test_error_lists_at_most_20_unknown_parameters() -> None:
    with pytest.raises(UnknownParameter) as refused:
        refuse_unknown(map(str, range(5000)), [])
    assert len(refused.value.extra["errors"]) == 20
