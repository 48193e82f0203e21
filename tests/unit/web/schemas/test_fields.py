"""Names hold what people write, in one form of Unicode; what disturbs other text is refused."""

import pytest
from pydantic import TypeAdapter, ValidationError

from app.web.schemas.fields import Name

NAME: TypeAdapter[str] = TypeAdapter(Name)


@pytest.mark.parametrize(
    "name",
    [
        "שלום\u200f!",
        "Donau\u00addampfschiff",
        "\u0645\u06cc\u200c\u062e",
        "ភាសា\u200bខ្មែរ",
        "❤\ufe0f Tee",
        "👩\u200d🌾",
        "🇩🇪",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f Tea",
        "2 m²",
        "\uff34\uff25\uff21",
        "Tea  for two",
    ],
)
def test_what_people_write_is_kept(name: str) -> None:
    assert NAME.validate_python(name) == name


def test_name_gets_the_composed_form() -> None:
    assert NAME.validate_python("cafe\u0301") == "caf\u00e9"


@pytest.mark.parametrize(
    "name",
    [
        "a\u202eb",  # would turn the text around that follows
        "a\u2066b",
        "a\ufeffb",
        "a\nb",
        "a\u2028b",
        "Tea\U000e0041\U000e0042",  # tags without a flag hide a text
        "\u200f",
        "\u00ad",
        "\u3164",
        "\u2800",
        " Tea",
    ],
)
def test_hidden_control_and_blank_text_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        NAME.validate_python(name)
