"""Templates of the user win, and a broken one costs no message."""

import re
from pathlib import Path

import pytest

from app.config.settings import SettingsError
from app.notifications.texts.templates import Texts, samples
from tests.support.messages.notifying import a_message, an_alert

HOME = "https://stock.shop.example/app"


def test_texts_state_what_happened_when_and_where_to_look() -> None:
    message = a_message(an_alert(product_id="A/1 ü"), unsubscribe=f"{HOME}/unsubscribe?token=x")
    text = Texts(home=HOME, timezone="Europe/Berlin").text(message)
    link = f"{HOME}/products/history?id=A%2F1%20%C3%BC"
    for body in (text.body, text.html):
        assert "is low: 3 in stock, to reorder at 5" in body
        assert "03 Nov 2026, 13:01 CET" in body
        assert link in body
        assert f"{HOME}/unsubscribe?token=x" in body


def test_without_a_public_address_there_are_no_links() -> None:
    text = Texts().text(a_message())
    assert "http" not in text.body
    assert "href" not in text.html


def test_user_text_is_never_markup() -> None:
    message = a_message(an_alert(product_name="<b>{{ 7 * 7 }}</b>"), rule_name="<i>&amp;")
    text = Texts().text(message)
    assert "&lt;b&gt;{{ 7 * 7 }}&lt;/b&gt;" in text.html
    assert "<i>" not in text.html
    assert "<b>{{ 7 * 7 }}</b>" in text.body


def test_a_digest_lists_its_notices_and_counts_the_rest() -> None:
    message = a_message(an_alert(1), an_alert(2, product_name="Bowl"), is_digest=True, folded=40)
    text = Texts().text(message)
    assert text.subject == "42 changes: Low stock"
    assert text.body.count("\n- ") == 2
    assert "… and 40 more that are not listed." in text.body
    assert text.html.count("<li") == 2


def test_the_html_is_readable_in_the_dark_and_calls_nobody() -> None:
    html = Texts(home=HOME).text(a_message()).html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert not re.search(r"<(img|script|link|iframe)|src=", html)


def test_a_users_template_replaces_one_text_and_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "subject.txt").write_text("[Shop]\n{{ subject }}")
    (tmp_path / "body.txt").write_text("{% for line in lines %}{{ line.headline }}{% endfor %}")
    text = Texts(tmp_path).text(a_message())
    assert text.subject == "[Shop] Blue mug (P1) is low: 3 in stock, to reorder at 5"
    assert text.body == "Blue mug (P1) is low: 3 in stock, to reorder at 5\n"
    assert "<!doctype html>" in text.html


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("one\n{% if %}", "body.txt, line 2 does not render: Expected an expression"),
        ("{{ prise }}", "body.txt does not render: 'prise' is undefined"),
        ("{{ 1 / 0 }}", "body.txt does not render: ZeroDivisionError"),
        ("{% include 'missing.txt' %}", "body.txt does not render: .*missing.txt"),
        ("{{ lines[1].text }}", "body.txt does not render: "),
    ],
)
def test_a_template_that_does_not_render_is_refused_at_the_start(
    tmp_path: Path, content: str, reason: str
) -> None:
    (tmp_path / "body.txt").write_text(content)
    with pytest.raises(SettingsError, match=f"^STOCKPULSE_TEMPLATES_DIR: {reason}"):
        Texts(tmp_path)


def test_a_template_that_breaks_later_is_replaced_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    template = tmp_path / "body.txt"
    template.write_text("mine")
    texts = Texts(tmp_path)
    assert texts.text(a_message()).body == "mine\n"
    template.write_text("{% if %}")
    assert texts.text(a_message()).body == Texts().text(a_message()).body
    assert "the template body.txt of STOCKPULSE_TEMPLATES_DIR failed" in caplog.text


def test_every_built_in_text_renders_for_every_form_of_message() -> None:
    texts = Texts(home=HOME)
    for message in samples():
        text = texts.text(message)
        assert all((text.subject, text.body.strip(), text.html.strip()))
