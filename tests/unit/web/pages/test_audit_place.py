"""Links of the Audit page lead to searches that the page accepts."""

import pytest

from app.store.access.saved_views import View
from app.web.pages.audit.audit_place import AuditPlace
from app.web.schemas.view_models import Q_LENGTH


@pytest.mark.parametrize(
    ("product_id", "is_search"),
    [("K1", True), ("k" * (Q_LENGTH - len("product:")), True), ("k" * 2_048, False)],
)
def test_value_that_is_too_long_for_a_search_has_no_link(
    product_id: str, *, is_search: bool
) -> None:
    place = AuditPlace("/audit", View("", "", "newest"))
    assert place.only("product", product_id).startswith("/audit?q=product") == is_search
