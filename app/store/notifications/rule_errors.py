"""Why a rule was not changed."""

from app.core.errors import StockpulseError


class RuleNotFound(StockpulseError):
    """No rule has this id."""

    status = 404
    code = "rule-not-found"
    title = "Rule not found"


class RuleUnreadable(StockpulseError):
    """A newer version of Stockpulse wrote this rule. Update this server; nothing is lost."""

    status = 409
    code = "rule-unreadable"
    title = "The rule cannot be read here"


class RuleOfSettings(StockpulseError):
    """This rule is the webhook of the server's settings. It is changed there."""

    status = 409
    code = "rule-of-settings"
    title = "The rule belongs to the settings"


class TooManyTests(StockpulseError):
    """The rule has sent as many tests as it may in a minute. Nothing was sent; wait a moment."""

    status = 429
    code = "too-many-tests"
    title = "Too many tests of this rule"


class RecipientNotFound(StockpulseError):
    """The rule has no recipient with this id."""

    status = 404
    code = "recipient-not-found"
    title = "The rule has no such recipient"


class RecipientDisabled(StockpulseError):
    """The recipient bounced, unsubscribed or wants nothing more. Enable it first."""

    status = 409
    code = "recipient-disabled"
    title = "The recipient is disabled"


class TooManyRules(StockpulseError):
    """The maximum number of rules is stored. Delete one first."""

    status = 409
    code = "too-many-rules"
    title = "Too many rules"


class RuleChanged(StockpulseError):
    """The rule has changed since it was read. Nothing was saved."""

    status = 412
    code = "rule-changed"
    title = "The rule has changed"


class NothingToResend(StockpulseError):
    """What the message told is not stored any more."""

    status = 409
    code = "nothing-to-resend"
    title = "The message cannot be sent again"
