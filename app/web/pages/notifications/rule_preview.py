"""What a rule would have sent in the last seven days, as the form and the rule's page show it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.core.rules.rule import Rule
from app.notifications.desk.preview import DAYS, Preview
from app.notifications.notice import Notice
from app.notifications.texts.sentences import sentence
from app.readmodel.copy_state import ReadModelFilling
from app.web.services import Services


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A change or alert that the rule would have sent; `product_id` is empty if it is of none."""

    at: datetime
    text: str
    product_id: str


@dataclass(frozen=True, slots=True)
class PreviewView:
    """A preview for its template; `is_cut`: more happened than was looked at.

    `has_trouble`: the rule sends trouble, which is known only in part. Without `found`, the
    server is still reading what happened.
    """

    found: Preview | None
    lines: tuple[PreviewLine, ...] = ()
    is_cut: bool = False
    has_trouble: bool = False


def preview_of(services: Services, rule: Rule) -> PreviewView:
    """What the rule would have sent, whether it is stored or not.

    Raises:
        StoreUnavailable: what happened cannot be read now.

    """
    now = datetime.now(UTC)
    try:
        found = services.rule_desk.previews.of(rule.what, rule.when, now)
    except ReadModelFilling:
        return PreviewView(None)
    is_cut = found.since > now - timedelta(days=DAYS, seconds=-60)
    lines = tuple(_line(one) for one in found.notices)
    return PreviewView(found, lines, is_cut, rule.what.trouble)


def _line(notice: Notice) -> PreviewLine:
    return PreviewLine(notice.at, sentence(notice), notice.product_id)
