"""No two ids in standard form look the same by accident; what people write in ids is kept."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.schemas.product_ids import check_standard, standard_id

LOOKALIKES = {
    "composed and decomposed letters": ("caf\u00e9", "cafe\u0301"),
    "full-width": ("ABC-12", "\uff21\uff22\uff23\uff0d\uff11\uff12"),
    "half-width katakana": ("\u30ab\u30ca", "\uff76\uff85"),
    "ligature": ("fig", "\ufb01g"),
    "superscript": ("m2", "m\u00b2"),
    "ohm sign and omega": ("\u03a9", "\u2126"),
    "no-break space": ("A 1", "A\u00a01"),
    "ideographic space": ("A 1", "A\u30001"),
    "two spaces": ("A 1", "A  1"),
    "space around": ("A", " A\t"),
    "soft hyphen": ("AB", "A\u00adB"),
    "zero-width space": ("AB", "A\u200bB"),
    "zero-width joiner": ("AB", "A\u200dB"),
    "word joiner": ("AB", "A\u2060B"),
    "byte order mark": ("AB", "\ufeffAB"),
    "right-to-left mark": ("\u05d0-1", "\u05d0\u200f-1"),
    "right-to-left override": ("AB", "\u202eAB"),
    "variation selector": ("\u2764", "\u2764\ufe0f"),
    "Hangul filler": ("AB", "AB\u3164"),
    "grapheme joiner": ("AB", "A\u034fB"),
    "Mongolian vowel separator": ("AB", "A\u180eB"),
    "Braille without dots": ("AB", "AB\u2800"),
    "tags": ("AB", "AB\U000e0041"),
}

WRITTEN = [
    "TEA-1",
    "P/1 ü <b>#?&",
    "Größe_42",
    "茶-1",
    "شاي-\u0661",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian: the non-joiner shows
    "\u0915\u094d\u200d\u0937",  # Hindi: the joiner shows
    "🇩🇪-1",
    "🍵",
]


@pytest.mark.parametrize(("plain", "twin"), LOOKALIKES.values(), ids=LOOKALIKES)
def test_lookalike_is_refused_and_its_standard_form_shown(plain: str, twin: str) -> None:
    assert check_standard(plain) == plain
    with pytest.raises(ValueError, match=f"must be written as `{plain}`"):
        check_standard(twin)


@pytest.mark.parametrize("product_id", WRITTEN)
def test_what_people_write_is_accepted(product_id: str) -> None:
    assert check_standard(product_id) == product_id


def test_refusal_names_the_invisible_character() -> None:
    with pytest.raises(ValueError, match=r"without U\+00AD SOFT HYPHEN"):
        check_standard("A\u00adB")


def test_id_without_visible_characters_is_refused() -> None:
    with pytest.raises(ValueError, match="visible"):
        check_standard("\u3164\u200b")


@pytest.mark.parametrize(
    ("product_id", "case", "standard"),
    [("tea-1", "upper", "TEA-1"), ("TEA-1", "lower", "tea-1"), ("straße", "upper", "STRASSE")],
)
def test_one_letter_case_can_be_required(product_id: str, case, standard: str) -> None:
    assert check_standard(product_id) == product_id
    assert check_standard(standard, case) == standard
    with pytest.raises(ValueError, match=f"`{standard}`"):
        check_standard(product_id, case)


@given(st.text(), st.sampled_from(["any", "upper", "lower"]))
def test_standard_form_is_stable_and_compatible_with_nothing_else(text: str, case) -> None:
    standard = standard_id(text, case)
    assert standard_id(standard, case) == standard
    assert unicodedata.normalize("NFKC", standard) == standard
    assert standard.strip() == standard
