"""What in a URL's path may be a secret is hidden; what people name is not."""

import pytest

from app.core.rules.secret_paths import readable, shown_address


@pytest.mark.parametrize(
    "path",
    [
        "",
        "stockpulse",
        "hooks/stock-levels/v2",
        "shop42/2026/stockLevels",
        "a//b_c.json",
        "k8s/API",
    ],
)
def test_words_and_short_numbers_are_shown(path: str) -> None:
    assert readable(path) == path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("T000/B000/XXXX", "…"),  # Slack's, as its documentation writes it
        ("services/T01/B01/q7Jx0aQkXc3vPmR8", "services/T01/B01/…"),
        ("api/webhooks/123456789012345678/AbCdEfGhIj", "api/webhooks/…"),
        ("hooks/3fa85f64-5717-4562-b3fc-2c963f66afa6/stock", "hooks/…"),
        ("hooks/%71%37Jx0aQkXc", "hooks/…"),
        ("hooks/qwertyuiopasdfghjklzxcvbnm", "hooks/…"),
        ("hooks/ключ", "hooks/…"),
    ],
)
def test_what_a_machine_made_is_hidden_with_all_that_follows(path: str, shown: str) -> None:
    assert readable(path) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://hooks.example/T000/B000/XXXX", "https://hooks.example/…"),
        ("https://hooks.example:8443/in/T000?x=1", "https://hooks.example:8443/in/…"),
        ("ntfys://ntfy.sh/our-shop?priority=high", "ntfys://ntfy.sh/our-shop?priority=high"),
        ("arn:aws:sns:eu-central-1:123456789012:stock", None),
        ("ann.q7Jx0aQk@shop.example", None),
        ("secret:TEAM_CHAT", None),
    ],
)
def test_only_urls_have_a_path(address: str, shown: str | None) -> None:
    assert shown_address(address) == (shown or address)
