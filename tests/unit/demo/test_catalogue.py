"""The demo shop's goods have plausible names, prices and barcodes."""

from decimal import Decimal

import pytest

from app.demo.simulation.catalogue import LINES, ean13, lines, shop_price


@pytest.mark.parametrize(
    ("digits", "barcode"),
    [("400638133393", "4006381333931"), ("978020137962", "9780201379624")],
)
def test_check_digit_follows_the_ean_standard(digits: str, barcode: str) -> None:
    assert ean13(digits) == barcode


def test_every_barcode_is_valid_and_for_internal_use() -> None:
    barcodes = [line.barcode(edition) for line in LINES for edition in (1, 2, 9_999)]
    assert len(set(barcodes)) == len(barcodes)
    for barcode in barcodes:
        assert len(barcode) == 13
        assert barcode.startswith("29")
        places = (int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(barcode))
        assert sum(places) % 10 == 0


def test_catalogue_has_250_different_names_in_8_categories() -> None:
    assert len({line.name for line in LINES}) == len(LINES) >= 250
    assert len({line.category for line in LINES}) >= 8
    assert len({line.product_id(1) for line in LINES}) == len(LINES)


def test_larger_catalogue_has_the_same_goods_in_further_series() -> None:
    many = lines(2 * len(LINES) + 1)
    assert many[: len(LINES)] == LINES
    assert len(many) == 3 * len(LINES)
    for value in ("name", "number"):
        assert len({getattr(line, value) for line in many}) == len(many)
    assert len({line.product_id(1) for line in many}) == len(many)
    assert len({line.barcode(1) for line in many}) == len(many)


def test_line_listed_again_is_a_new_product() -> None:
    line = LINES[0]
    assert line.product_id(2) != line.product_id(1)
    assert line.barcode(2) != line.barcode(1)


@pytest.mark.parametrize(
    ("amount", "price"), [("12.49", "12.40"), ("12.80", "12.90"), ("0.05", "0.40")]
)
def test_prices_end_in_40_or_90_cents(amount: str, price: str) -> None:
    assert shop_price(Decimal(amount)) == Decimal(price)
