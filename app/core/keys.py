"""A product's id is one text that stands for its item's key and can be turned back into it.

A key that is one string is its own id. `docs/use/ids.md` has the rules. Pure.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from app.core.numbers import digits, is_storable, number_of

KeyType = Literal["S", "N", "B"]

PARTITION_BYTES, SORT_BYTES = 2048, 1024  # DynamoDB's limits for the two parts of a key
ID_BYTES = 2 * PARTITION_BYTES + 1 + 2 * SORT_BYTES  # if every character is escaped

_JOIN = "~"
# Half an emoji, a lone surrogate, cannot stand in UTF-8. DynamoDB Local stores it.
_HALVES = {chr(code): f"!{code:x}" for code in range(0xD800, 0xE000)}
_ESCAPED = {"!": "!!", "~": "!~", "\0": "!0", **_HALVES}
_ESCAPES_FOLLOW = "!_"  # begins the id of a key that has half an emoji further on
_PLAIN = {_ESCAPES_FOLLOW: "", **{escape: character for character, escape in _ESCAPED.items()}}
_HALF = re.compile("[\ud800-\udfff]")
_WHOLE = re.compile("[\ud800-\udbff][\udc00-\udfff]")  # in JSON these are one character
_ESCAPE = re.compile("!(?:d[89a-f][0-9a-f]{2}|.)", re.DOTALL)
_FULL_ID = "FullProductID"
_TABLE = str.maketrans(_ESCAPED)
_TWO_PARTS = re.compile(r"((?:[^!~]|!.)+)~((?:[^!~]|!.)+)", re.DOTALL)
_NUMBER_CHARACTERS = 300  # DynamoDB's longest number has 38 digits and 130 zeros


class NotAnID(ValueError):
    """No item of the table can have this id; the message says what its ids look like."""


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One attribute of the key."""

    name: str
    kind: KeyType = "S"


@dataclass(frozen=True, slots=True)
class KeySchema:
    """The products table's partition key and, if it has one, its sort key."""

    partition: KeyPart = KeyPart("ProductID")
    sort: KeyPart | None = None

    @property
    def parts(self) -> tuple[KeyPart, ...]:
        """The partition key, then the sort key."""
        return (self.partition,) if self.sort is None else (self.partition, self.sort)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the key's attributes."""
        return tuple(part.name for part in self.parts)

    @property
    def is_text(self) -> bool:
        """Whether the key is one string, so that an id shows it as it is."""
        return self.sort is None and self.partition.kind == "S"

    def of_item(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """The key in an item's attributes, in typed form (`{"ProductID": {"S": "P1"}}`)."""
        return {part.name: attributes[part.name] for part in self.parts}

    def id_of(self, attributes: Mapping[str, Any]) -> str:
        """The id of the item with these attributes in typed form; binary is bytes.

        Raises:
            KeyError: a part of the key is missing or of another type.
            ValueError: a part is empty or no number.

        """
        if self.is_text:
            text = attributes[self.partition.name]["S"]
            if not text:
                raise ValueError(f"the key {self.partition.name} is empty")
            if text[0] not in "!\0" and (text.isascii() or not _HALF.search(text)):
                return str(text)
            escaped: str = text.translate(_TABLE)
            return escaped if escaped[0] == "!" else _ESCAPES_FOLLOW + escaped
        return _JOIN.join(_encoded(part, attributes[part.name][part.kind]) for part in self.parts)

    def key_of(self, product_id: str) -> dict[str, Any]:
        """The key, in typed form, of the item with this id.

        Raises:
            NotAnID: no item can have this id. An item has exactly one id, so this includes other
                spellings of it, such as `07` for the number 7.

        """
        if self.sort is None:
            texts: tuple[str, ...] = (product_id,)
        else:
            match = _TWO_PARTS.fullmatch(product_id)
            texts = () if match is None else match.groups()
        try:
            key = {
                part.name: {part.kind: self._decoded(part, text)}
                for part, text in zip(self.parts, texts, strict=True)
            }
            if self.id_of(key) == product_id:
                return key
        except ValueError:
            pass
        if self.is_text and product_id.startswith(("!", "\0")):
            raise NotAnID(
                "A product id that begins with `!` is an escape: for a key that begins with `!`, "
                "write `!!` (docs/use/ids.md)."
            )
        raise NotAnID(f"This table's product ids have the form {self.form}.")

    @property
    def form(self) -> str:
        """What an id looks like, for people: `<sku (text)>~<size (number)>`."""
        kinds = {"S": "text", "N": "number", "B": "base64url"}
        return _JOIN.join(f"<{part.name} ({kinds[part.kind]})>" for part in self.parts)

    def _decoded(self, part: KeyPart, text: str) -> str | bytes:
        limit = SORT_BYTES if part is self.sort else PARTITION_BYTES
        match part.kind:
            case "S":
                escaped = not self.is_text or text.startswith("!")
                value = _ESCAPE.sub(_unescaped, text) if escaped else text
                if len(value.encode("utf-8", "surrogatepass")) > limit or _WHOLE.search(value):
                    raise ValueError("too long, or another spelling")
                return value
            case "N":
                number = number_of(text) if len(text) <= _NUMBER_CHARACTERS else None
                if number is None or not is_storable(number):
                    raise ValueError("no number, or out of range")
                return text
            case "B":
                data = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
                if len(data) > limit:
                    raise ValueError("too long")
                return data


def row_id(product_id: str) -> str:
    """What rows about a product lie under: its id, or a hash if that is too long for a key.

    No product has such a hash as its id.
    """
    raw = product_id.encode()
    return product_id if len(raw) <= PARTITION_BYTES else f"!#{sha256(raw).hexdigest()}"


def full_id(product_id: str) -> dict[str, Any]:
    """The attribute that keeps the id in a row that lies under its hash; empty for others."""
    return {} if row_id(product_id) == product_id else {_FULL_ID: {"S": product_id}}


def id_in(row: Mapping[str, Any]) -> str:
    """The product id in a row about a product.

    A full id is believed only in the row that lies under its hash: others may write anything there.
    """
    lies_under: str = row["ProductID"]["S"]
    full = row.get(_FULL_ID, {}).get("S")
    return full if isinstance(full, str) and row_id(full) == lies_under else lies_under


def _encoded(part: KeyPart, value: Any) -> str:
    match part.kind:
        case "S":
            text = str(value).translate(_TABLE)
        case "N":
            number = number_of(value)
            text = "" if number is None else digits(number)
        case "B":
            text = base64.urlsafe_b64encode(bytes(value)).decode().rstrip("=")
        case _:
            raise ValueError(f"the key {part.name} has the type {part.kind}")
    if not text:
        raise ValueError(f"the key {part.name} is empty or no number")
    return text


def _unescaped(match: re.Match[str]) -> str:
    return _PLAIN.get(match[0], match[0])


TEXT_KEY = KeySchema()
