"""Deterministic items of the products table."""

from typing import Any

Item = dict[str, Any]


def a_product(product_id: str, stock: int) -> Item:
    return {
        "ProductID": {"S": product_id},
        "ProductName": {"S": "n"},
        "Stock": {"N": str(stock)},
    }


def noise(size: int, seed: int) -> str:
    """Incompressible text, the same for the same seed."""
    state, letters = seed * 2_654_435_761 + 1, []
    for _ in range(size):
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        letters.append(chr(33 + (state >> 40) % 90))
    return "".join(letters)
