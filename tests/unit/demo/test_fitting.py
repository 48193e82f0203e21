"""The demo is refused where its products would be no products."""

from dataclasses import replace

import pytest

from app.core.item import DEFAULT_NAMES
from app.core.keys import KeyPart, KeySchema
from app.demo.fitting import DemoRefused, check_fits, fits
from app.filters.selection import Selection


def test_one_string_of_its_own_fits() -> None:
    check_fits(DEFAULT_NAMES)
    assert fits(replace(DEFAULT_NAMES, key=KeySchema(KeyPart("sku"))))


@pytest.mark.parametrize(
    "changes",
    [
        {"key": KeySchema(KeyPart("id", "N"))},
        {"key": KeySchema(KeyPart("sku"), KeyPart("size"))},
        {"key": KeySchema(KeyPart("ProductName"))},
        {"selects": Selection('{"type": {"S": ["product"]}}')},
    ],
)
def test_other_tables_do_not(changes: dict[str, object]) -> None:
    with pytest.raises(DemoRefused, match="a new prefix"):
        check_fits(replace(DEFAULT_NAMES, **changes))  # type: ignore[arg-type]
