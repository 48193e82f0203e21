"""What an error of EventBridge, SNS or SQS means, and the sentence that tells a person. Pure.

An event is rejected only for what it contains. An error that a wrong setting can cause is retried:
the lag grows, the sentence is shown, and nothing is lost.
"""

import re
from typing import Literal, NamedTuple

# What to do with an entry or a request: send the event by reference, give it up, or try again.
Meaning = Literal["too large", "rejected", "later"]

_TOO_LARGE = re.compile(
    r"RequestTooLong|TooLarge|too (long|large)|over the limit|must be shorter|bytes? or less"
    r"|maximum allowed|exceed",
    re.IGNORECASE,
)
_CONTENT = {"InvalidMessageContents", "MalformedDetail"}
_THROTTLED = re.compile(r"Throttl|TooManyRequests|LimitExceeded|OverLimit|SlowDown")
_PASSING = re.compile(r"Internal|Unavailable|NoAnswer")
_CREDENTIAL = re.compile(
    r"ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidAccessKey|SignatureDoesNotMatch"
    r"|InvalidSignature|MissingAuthenticationToken|IncompleteSignature|InvalidSecurity|TokenRefresh"
)
_FORBIDDEN = re.compile(r"AccessDenied|AuthorizationError|NotAuthorized|Forbidden")
_MISSING = re.compile(r"NonExistentQueue|QueueDoesNotExist|NotFound|DoesNotExist")


class Refusal(NamedTuple):
    """The code and text of an error, as the service gives them."""

    code: str
    text: str

    @property
    def meaning(self) -> Meaning:
        """What to do with the entry, or with all entries of the request."""
        if self.code in _CONTENT:
            return "rejected"
        throttled = _THROTTLED.search(self.code)
        return "too large" if not throttled and self._is_of_size else "later"

    @property
    def is_passing(self) -> bool:
        """Whether the same entry may well be accepted a moment later."""
        return any(sign.search(self.code) for sign in (_THROTTLED, _PASSING))

    @property
    def is_of_credentials(self) -> bool:
        """Whether other credentials are needed, so that they have to be read again."""
        return _CREDENTIAL.search(self.code) is not None

    def sentence(self, action: str, setting: str) -> str:
        """What is wrong and what to do, in words; `action` is the permission that is needed."""
        if self.is_of_credentials:
            return "does not accept the AWS credentials: they are wrong, or they have expired"
        if _FORBIDDEN.search(self.code):
            return f"refuses these AWS credentials: allow them {action}"
        if _MISSING.search(self.code):
            return f"does not exist: create it, or correct {setting}"
        if _THROTTLED.search(self.code):
            return f"takes no more messages for now ({self.code})"
        if "KMS" in self.code:
            return f"cannot use its KMS key ({self.code}): {self.text}"
        return f"answers {self.code}: {self.text}"

    @property
    def _is_of_size(self) -> bool:
        return _TOO_LARGE.search(f"{self.code} {self.text}") is not None
