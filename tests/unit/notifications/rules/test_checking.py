"""A rule that cannot work is refused, and each wrong field is named."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.core.rules.rule import Recipient, What, When, Wording
from app.core.rules.rule_document import decoded, encoded
from app.notifications.channels.channel import AddressRefused, Channel
from app.notifications.checking import InvalidRule, checked, is_broken
from app.notifications.notice import Message
from tests.unit.notifications.rules.builders import ANN, a_rule


class Mail:
    name = "email"

    def checked(self, address: str) -> str:
        if "@" not in address:
            raise AddressRefused("must have an @")
        return address.lower()

    def send(self, recipient: Recipient, message: Message) -> str:
        raise NotImplementedError


MAIL: dict[str, Channel] = {"email": Mail()}


def faults(**fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidRule) as refused:
        checked(a_rule(**fields), MAIL)
    return {one["pointer"]: one["detail"] for one in refused.value.extra["errors"]}


def test_addresses_become_canonical() -> None:
    rule = checked(a_rule(recipients=(Recipient("email", "Ann@Shop.example"),)), MAIL)
    assert rule.recipients == (ANN,)


def test_each_recipient_that_cannot_be_is_named() -> None:
    given = (ANN, Recipient("fax", "1"), Recipient("email", "ann"), replace(ANN, generation=2))
    found = faults(recipients=given)
    assert set(found) == {"/recipients/1/channel", "/recipients/2/address", "/recipients/3"}
    assert "(email)" in found["/recipients/1/channel"]
    assert set(faults(recipients=())) == {"/recipients"}
    many = tuple(Recipient("email", f"{n}@shop.example") for n in range(51))
    assert "50" in faults(recipients=many)["/recipients"]


@pytest.mark.parametrize(
    ("what", "pointer"),
    [
        (What(min_delta=Decimal(0)), "/what/min_delta"),
        (What(search="q=mug&colour=blue"), "/what/search"),
        (What(search="low=perhaps"), "/what/search"),
        (What(search="min_stock=1e9"), "/what/search"),
        (What(search="deleted=true"), "/what/search"),
        (What(search="q=a&q=b"), "/what/search"),
        (What(search="&".join(["q=a"] * 100)), "/what/search"),
        (What(alerts=("low",), reasons=("sold",)), "/what/reasons"),
        (What(trouble=True, product_ids=("P1",)), "/what/product_ids"),
        (What(kinds=("gap",), min_delta=Decimal(1)), "/what/min_delta"),
        (What(kinds=("updated",), min_delta=Decimal(1)), "/what/min_delta"),
        (What(kinds=("inserted",), crosses=Decimal(1)), "/what/crosses"),
        (What(product_ids=tuple(f"{n:0>100}" for n in range(100))), "/what"),
    ],
)
def test_what_can_never_be_wanted_is_refused(what: What, pointer: str) -> None:
    assert set(faults(what=what)) == {pointer}


@pytest.mark.parametrize(
    ("when", "pointer"),
    [
        (When(at="25:00"), "/when/at"),
        (When(quiet_from="22:00"), "/when/quiet_to"),
        (When(quiet_to="22:00"), "/when/quiet_from"),
        (When(quiet_from="22:00", quiet_to="22:00"), "/when/quiet_to"),
        (When(minutes=0), "/when/minutes"),
        (When(minutes=1441), "/when/minutes"),
    ],
)
def test_impossible_times_are_refused(when: When, pointer: str) -> None:
    assert set(faults(when=when)) == {pointer}


def test_a_rule_whose_channel_is_gone_is_broken_and_can_still_be_changed() -> None:
    fax = Recipient("fax", "1")
    rule = checked(a_rule(recipients=(fax, ANN)), MAIL, stored=(fax,))
    assert rule.recipients == (fax, ANN)
    assert "fax" in (is_broken(fax, MAIL) or "")
    assert is_broken(ANN, MAIL) is None


def test_a_stored_rule_is_read_as_it_was_written() -> None:
    what = What(
        kinds=("deleted",), alerts=("low",), trouble=True, min_delta=Decimal("1.50"), search="q=ä"
    )
    rule = a_rule(
        what,
        when=When("daily", quiet_from="22:00", quiet_to="07:00"),
        recipients=(replace(ANN, generation=2, rotated_at=5),),
        disabled=((ANN.id, "bounced"),),
        former=(Wording(1, What(crosses=Decimal(-3)), enabled=False),),
    )
    assert decoded(encoded(rule)) == rule
