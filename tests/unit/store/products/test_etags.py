"""If-Match compares what a write replaces: details for an edit, both halves for a replace."""

from collections.abc import Callable

import pytest

from app.core.errors import ETagMismatch
from app.store.products.etags import check_details, check_whole, matches
from app.store.products.model import Product, product_of
from tests.support.builders import an_item

READ = product_of(an_item(ProductName="Mug", Stock=12, Version=1))
SOLD = product_of(an_item(ProductName="Mug", Stock=11, Version=2))
RENAMED = product_of(an_item(ProductName="Cup", Stock=12, Version=1))
Check = Callable[[Product, str], None]


def passes(check: Check, product: Product, if_match: str) -> bool:
    try:
        check(product, if_match)
    except ETagMismatch:
        return False
    return True


@pytest.mark.parametrize("check", [check_whole, check_details])
@pytest.mark.parametrize(
    "if_match",
    [
        READ.etag,
        "*",
        f"W/{READ.etag}",
        f'{READ.etag[:-1]}-gzip"',
        f'W/{READ.etag[:-1]}-br"',
        f'"other", {READ.etag}',
        f'{READ.etag},"other"',
        f" {READ.etag} ",
    ],
)
def test_the_current_etag_and_the_star_match(check: Check, if_match: str) -> None:
    assert passes(check, READ, if_match)


@pytest.mark.parametrize("check", [check_whole, check_details])
@pytest.mark.parametrize(
    "if_match",
    [
        "",
        '"other"',
        READ.etag.strip('"'),
        '""',
        '"."',
        '"',
        ",",
        f'"x{READ.etag[1:]}',
        '"other-gzip"',
    ],
)
def test_any_other_value_is_a_mismatch(check: Check, if_match: str) -> None:
    assert not passes(check, READ, if_match)


def test_a_sale_does_not_invalidate_an_open_edit() -> None:
    assert passes(check_details, SOLD, READ.etag)


def test_a_sale_invalidates_a_replace() -> None:
    assert not passes(check_whole, SOLD, READ.etag)


@pytest.mark.parametrize("check", [check_whole, check_details])
def test_an_edit_invalidates_edits_and_replaces(check: Check) -> None:
    assert not passes(check, RENAMED, READ.etag)


def test_half_an_etag_does_not_match() -> None:
    first_half = READ.etag.partition(".")[0]
    assert not passes(check_whole, READ, first_half)
    assert not passes(check_whole, READ, first_half + '"')


@pytest.mark.parametrize("check", [check_whole, check_details])
def test_a_mismatch_returns_the_current_etag(check: Check) -> None:
    with pytest.raises(ETagMismatch) as error:
        check(READ, '"other"')
    assert error.value.status == 412
    assert error.value.headers == {"ETag": READ.etag}


@pytest.mark.parametrize(
    ("if_none_match", "good"),
    [
        (READ.etag, True),
        (f"W/{READ.etag}", True),
        (f'"other", W/{READ.etag}', True),
        (f'{READ.etag[:-1]}-gzip"', True),
        (f'{SOLD.etag[:-1]}-gzip"', False),
        (f'{READ.etag[:-1]}-other"', False),
        ("*", True),
        (SOLD.etag, False),
        (RENAMED.etag, False),
        ("", False),
    ],
)
def test_a_cached_response_is_valid_while_nothing_changed(
    if_none_match: str, *, good: bool
) -> None:
    assert matches(READ, if_none_match) is good
