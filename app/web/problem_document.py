"""The members of a problem document (RFC 9457), and of its `errors`. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any


def document(
    request_id: str,
    status: int,
    code: str,
    title: str,
    detail: str,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A problem document; `extra` are additional members."""
    return {
        "type": f"urn:stockpulse:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        **(extra or {}),
    }


def field_errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Pydantic's errors as `{pointer, detail}`.

    A pointer is a JSON pointer into the body, or `?name`, `header:name` or `path:name`.
    """
    return [{"pointer": _pointer(error["loc"]), "detail": _detail(error)} for error in errors]


def _detail(error: Mapping[str, Any]) -> str:
    if error["type"] == "json_invalid":
        reason, position = error["ctx"]["error"], error["loc"][-1]
        where = f" at character {position}" if position else ""
        return f"The body is not valid JSON: {reason}{where}"
    if error["type"] == "extra_forbidden":
        return "unknown field; remove it"
    if error["type"] in {"union_tag_not_found", "union_tag_invalid"}:
        return _tag_detail(**error["ctx"])
    return str(error["msg"]).removeprefix("Value error, ")


def _tag_detail(discriminator: str, tag: str = "", expected_tags: str = "") -> str:
    name = discriminator.strip("'")  # pydantic quotes it
    if not expected_tags:
        return f"{name} is missing"
    return f"{name} must be one of {expected_tags}, not {tag!r}"


def _pointer(location: Sequence[Any]) -> str:
    place, *rest = location or ("body",)
    names = [str(part).replace("~", "~0").replace("/", "~1") for part in rest]
    if place == "body":
        return "".join(f"/{name}" for name in names)  # empty: the whole body (RFC 6901)
    prefix = {"query": "?", "header": "header:", "path": "path:"}.get(str(place), f"{place}:")
    return prefix + ".".join(names)
