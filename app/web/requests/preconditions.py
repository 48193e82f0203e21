"""A write is conditional on the ETag that its client has read (RFC 9110, section 13)."""

from typing import Annotated

from fastapi import Depends, Header

from app.web.errors import PreconditionRequired

IfChanged = Annotated[
    str | None,
    Header(
        description="The product's ETag as you last read it. Returns 304 without a body if "
        "the product has not changed.",
    ),
]

IfMatchToReplace = Annotated[
    str | None,
    Header(
        description="To replace the product: its ETag as you last read it. The write fails "
        "with 412 if the product has changed since, unless it already is as requested. `*` "
        "skips the check: the last write wins.",
    ),
]

IfNoneMatchToCreate = Annotated[
    str | None,
    Header(
        description="To create the product: `*`. The write fails with 409 if it already exists."
    ),
]


async def _if_match(
    if_match: Annotated[
        str | None,
        Header(
            description="The product's ETag as you last read it. The write fails with 412 if the "
            "product has changed since. `*` skips the check: the last write wins."
        ),
    ] = None,
) -> str:
    if not if_match:
        raise PreconditionRequired(
            "Send If-Match with the product's ETag, or with * to overwrite any version."
        )
    return if_match


IfMatch = Annotated[str, Depends(_if_match)]


async def _if_match_rule(
    if_match: Annotated[
        str | None,
        Header(
            description="The rule's ETag as you last read it. The write fails with 412 if the "
            "rule has changed since. `*` skips the check: the last write wins."
        ),
    ] = None,
) -> str:
    if not if_match:
        raise PreconditionRequired(
            "Send If-Match with the rule's ETag, or with * to overwrite any version."
        )
    return if_match


IfMatchRule = Annotated[str, Depends(_if_match_rule)]
