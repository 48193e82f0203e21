"""An edited rule applies from the next event; recipients keep their secrets."""

from dataclasses import replace

from app.core.rules import recipients
from app.core.rules.rule import Recipient, What, When
from app.core.rules.wording import MOST, reworded, wording_at
from tests.unit.notifications.rules.builders import ANN, a_rule

HOOK = Recipient("webhook", "https://shop.example/hook")


def test_an_edit_of_what_is_wanted_keeps_the_former_wording() -> None:
    rule = a_rule(What(kinds=("deleted",)), since=1_000)
    edited = reworded(rule, replace(rule, what=What()), 2_000)
    assert edited.since == 2_000
    former, present = wording_at(edited, 1_999), wording_at(edited, 2_000)
    assert former is not None
    assert present is not None
    assert (former.what, present.what) == (What(kinds=("deleted",)), What())
    assert wording_at(edited, 999) is None


def test_an_edit_of_other_parts_is_no_new_wording() -> None:
    rule = a_rule(since=1_000)
    edited = reworded(rule, replace(rule, name="x", when=When("daily")), 2_000)
    assert (edited.since, edited.former) == (1_000, ())


def test_what_came_while_a_rule_was_off_is_never_wanted() -> None:
    rule = a_rule(since=1_000)
    off = reworded(rule, replace(rule, enabled=False), 2_000)
    on = reworded(off, replace(off, enabled=True), 3_000)
    found = [wording_at(on, at) for at in (1_500, 2_500, 3_500)]
    assert [one is not None and one.enabled for one in found] == [True, False, True]


def test_wordings_are_bounded_and_the_oldest_stands_for_those_before_it() -> None:
    rule = a_rule(since=1)
    for number in range(MOST + 10):
        what = What(product_ids=(f"P{number}",))
        rule = reworded(rule, replace(rule, what=what), number + 2)
    assert len(rule.former) == MOST
    oldest = wording_at(rule, 1)
    assert oldest is not None
    assert oldest.what == rule.former[0].what


def test_a_clock_that_goes_back_replaces_the_wording() -> None:
    rule = a_rule(since=5_000)
    edited = reworded(rule, replace(rule, what=What(trouble=True)), 4_000)
    assert (edited.since, edited.former, edited.what.trouble) == (5_000, (), True)


def test_recipients_that_stay_keep_secret_and_state() -> None:
    rule = a_rule(recipients=(ANN, HOOK))
    rule = recipients.rotated(rule, HOOK.id, 7_000)
    assert recipients.rotated(rule, HOOK.id, 7_000) == rule  # a repeat of the same request
    rule = recipients.disabled(rule, ANN.id, "It bounced.")
    assert recipients.disabled(rule, ANN.id, "Again.") == rule
    assert [one.channel for one in rule.reachable] == ["webhook"]

    ben = Recipient("email", "ben@shop.example")
    edited = recipients.edited(rule, replace(rule, recipients=(HOOK, ben)), 9_000)
    assert edited.recipients == (replace(HOOK, generation=2, rotated_at=7_000), ben)
    assert edited.disabled == ()
    assert recipients.enabled(rule, ANN.id).disabled == ()
