"""Numbers as people write them, with a decimal point or a decimal comma. Pure.

`1,234` is a thousand and more in one country, and a little over one in another. So a file has one
decimal mark, which its unambiguous numbers show; without these, people have to say it.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from app.core.numbers import number_of

Mark = Literal[".", ","]
Guess = Mark | None  # None: the file has numbers that can be read in two ways, and none that decide

_GROUPS = r"[ \u00a0\u202f\u2009'’]"  # that separate thousands everywhere
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*|[+-]?[.,][0-9]+")
_UNCLEAR = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_OTHER: dict[str, Mark] = {".": ",", ",": "."}


def guess(texts: Iterable[str]) -> Guess:
    """The decimal mark of a file with these numbers: that of most of those that show one."""
    seen: Counter[str] = Counter()
    for text in texts:
        seen[_shown(_bare(text))] += 1
    if seen["."] or seen[","]:
        return "," if seen[","] > seen["."] else "."
    return None if seen["unclear"] else "."


def number_in(text: str, mark: Guess) -> Decimal:
    """The number in a text.

    Raises:
        ValueError: it is none, or has another decimal mark; the message is the end of a sentence.

    """
    bare = _bare(text)
    if not _NUMBER.fullmatch(bare):
        raise ValueError(f"“{text[:40]}” is not a number")
    shown = _shown(bare)
    if shown == "unclear" and mark is None:
        raise ValueError(
            f"“{text[:40]}” can be read in two ways. Say whether the file has a decimal point or a "
            "decimal comma"
        )
    if shown in _OTHER and mark is not None and shown != mark:
        word, other = ("comma", "point") if shown == "," else ("point", "comma")
        raise ValueError(f"“{text[:40]}” has a decimal {word}, but this file has decimal {other}s")
    used: Mark = mark or ("," if shown == "," else ".")
    whole, _, rest = bare.rpartition(used) if used in bare else (bare, "", "")
    grouping = _OTHER[used]
    if grouping in whole and not _is_grouped(whole.lstrip("+-"), grouping):
        raise ValueError(f"“{text[:40]}” is not a number")
    found = number_of(f"{whole.replace(grouping, '') or '0'}.{rest or '0'}")
    if found is None:
        raise ValueError(f"“{text[:40]}” is not a number")
    return found


def _bare(text: str) -> str:
    """The text without spaces, currency signs and what separates thousands everywhere."""
    plain = "".join(one for one in text.strip() if unicodedata.category(one) != "Sc").strip()
    plain = plain.replace("\u2212", "-")  # a minus sign
    return re.sub(rf"(?<=[0-9]){_GROUPS}(?=[0-9]{{3}}(?![0-9]))", "", plain)


def _shown(bare: str) -> str:
    """The decimal mark that a number shows; "unclear", or empty if it has no mark at all."""
    marks = [one for one in bare if one in ".,"]
    if not marks or not _NUMBER.fullmatch(bare):
        return ""
    if len(set(marks)) == 2:  # the last one is the decimal mark
        return marks[-1]
    if len(marks) > 1:  # one mark several times separates thousands
        return _OTHER[marks[0]]
    return "unclear" if _UNCLEAR.fullmatch(bare) else marks[0]


def _is_grouped(whole: str, grouping: str) -> bool:
    first, *rest = whole.split(grouping)
    return 1 <= len(first) <= 3 and all(len(part) == 3 for part in rest)
