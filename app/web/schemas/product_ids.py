"""A new product id must be in its standard form, so that no two new ids look the same by accident.

The standard form is that of the PRECIS profile for nicknames (RFC 8266), with letter case kept:
Unicode's NFKC, single ASCII spaces, nothing invisible (docs/use/ids.md). Ids that exist are never
checked.
"""

import unicodedata
from typing import Literal

from precis_i18n import get_profile

IDCase = Literal["any", "upper", "lower"]

_NICKNAME = get_profile("NicknameCasePreserved")
_BLANK = "\u2800"  # a Braille symbol without dots, which the profile permits


def standard_id(value: str, case: IDCase = "any") -> str:
    """Return the standard form of an id; empty if nothing of it is visible.

    Characters that no id may contain are left out.
    """
    value = value.replace(_BLANK, "")
    while True:
        try:
            standard = _cased(_NICKNAME.enforce(value), case)
        except UnicodeEncodeError as error:  # the text may have been mapped before
            value = error.object[: error.start] + error.object[error.end :]
            if not value:
                return ""
            continue
        if standard == value:
            return standard
        value = standard


def check_standard(value: str, case: IDCase = "any") -> str:
    """Return an id that is in its standard form.

    Raises:
        ValueError: it is not; the message has the standard form.

    """
    standard = standard_id(value, case)
    if standard == value:
        return value
    if not standard:
        raise ValueError("must contain visible characters")
    raise ValueError(f"must be written as `{standard}`{_reason(value)}")


def _reason(value: str) -> str:
    """The first character that is not permitted, as the end of a sentence."""
    try:
        _NICKNAME.enforce(value)
    except UnicodeEncodeError as error:
        char = error.object[error.start]
        return f", without U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()
    return ""


def _cased(value: str, case: IDCase) -> str:
    return value.upper() if case == "upper" else value.lower() if case == "lower" else value
