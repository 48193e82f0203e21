"""A sink's filter and projection: nothing of an attribute leaves unless it is named."""

from dataclasses import replace

import pytest

from app.core.item import AttributeNames
from app.core.keys import KeyPart, KeySchema
from app.store.deployment import Deployment
from app.store.dynamodb.table_names import table_names
from tests.support.builders import an_event, an_item
from worker.consumers.sink import Rejected, Sink, Unavailable
from worker.sinks.owner_mark import TargetTaken, refuse_other
from worker.sinks.shaping import Projection, shaped

NAMES = AttributeNames()
ITEM = an_item(ProductName="Mug", Stock=9, Price=5, Category="Kitchen", Stockpulse={"M": {}})
EVENT = an_event(
    before=None, after=ITEM, changed=("Stock", "Price"), category="Kitchen", note="two boxes"
)


def deployment(names: AttributeNames = NAMES) -> Deployment:
    """A deployment of which only names are used."""
    return Deployment(None, table_names("", None), names, None)  # type: ignore[arg-type]


def test_without_a_projection_an_event_is_passed_on_as_it_is() -> None:
    assert Projection(None, NAMES).event(EVENT) is EVENT


def test_only_the_key_and_named_attributes_leave_with_the_fields_read_from_them() -> None:
    shown = Projection(("Stock",), NAMES).event(EVENT)
    assert shown.after == {"ProductID": {"S": "P1"}, "Stock": {"N": "9"}}
    assert shown.before is None
    assert shown.changed == ("Stock",)
    assert (shown.stock_before, shown.stock_after) == (12, 9)
    assert (shown.product_name, shown.category, shown.actor, shown.note) == (None,) * 4
    assert (shown.id, shown.kind, shown.occurred_at) == (EVENT.id, EVENT.kind, EVENT.occurred_at)


def test_a_stock_that_is_not_named_leaves_in_no_field() -> None:
    shown = Projection(("ProductName",), NAMES).event(EVENT)
    assert (shown.stock_before, shown.stock_after, shown.delta) == (None, None, None)
    assert shown.product_name == EVENT.product_name


def test_who_and_why_leave_with_the_metadata_attribute() -> None:
    shown = Projection(("Stockpulse",), NAMES).event(EVENT)
    assert (shown.actor, shown.reason, shown.note) == ("ada", "sold", "two boxes")


def test_paths_lead_into_maps_and_keys_of_two_parts_stay() -> None:
    key = KeySchema(KeyPart("PK"), KeyPart("SK"))
    names = AttributeNames(key=key, stock="inventory.qty")
    maps = {"inventory": {"M": {"qty": {"N": "5"}, "cost": {"N": "2"}}}, "a.b": {"S": "dot"}}
    item = {"PK": {"S": "p"}, "SK": {"S": "s"}, **maps, "secret": {"S": "x"}}
    projection = Projection(("inventory.qty", "a..b"), names)
    keys = {"PK": {"S": "p"}, "SK": {"S": "s"}}
    shown = {"inventory": {"M": {"qty": {"N": "5"}}}, "a.b": {"S": "dot"}}
    assert projection.item(item) == keys | shown
    event = an_event(after=item, changed=("inventory.qty", "a.b", "secret"))
    assert projection.event(event).changed == ("inventory.qty", "a.b")
    assert projection.event(event).stock_after == 9
    assert Projection(("inventory",), names).event(event).stock_after == 9
    assert Projection(("inventory.cost",), names).event(event).stock_after is None


def test_a_shaped_sink_filters_by_the_whole_event_and_delivers_what_may_leave() -> None:
    got = []
    sink = Sink("s", lambda events: [got.extend(events)] and [Rejected(events[0], "no")])
    pattern = '{"data": {"after": {"Price": [5]}}}'
    made = shaped(sink, pattern, ("Stock",), deployment())
    assert made.takes(EVENT)
    assert not made.takes(replace(EVENT, after=an_item(Price=6)))
    (rejected,) = made.deliver([EVENT])
    assert rejected.event.id == EVENT.id
    assert got[0].after == {"ProductID": {"S": "P1"}, "Stock": {"N": "9"}}


def test_a_sinks_own_filter_has_to_hold_as_well() -> None:
    sink = Sink("s", lambda _: [], wants=lambda event: event.product_id == "P2")
    made = shaped(sink, '{"data": {"kind": ["stock_changed"]}}', None, deployment())
    assert not made.takes(EVENT)
    assert made.takes(replace(EVENT, product_id="P2"))
    assert not made.takes(replace(EVENT, product_id="P2", kind="updated"))


def test_a_target_of_another_deployment_is_refused_with_its_name_and_a_remedy() -> None:
    assert refuse_other(None, "own 1", "The archive", "STOCKPULSE_ARCHIVE") is False
    assert refuse_other("own 1", "own 1", "The archive", "STOCKPULSE_ARCHIVE") is True
    with pytest.raises(TargetTaken, match=r"another deployment \(other 2\).*STOCKPULSE_ARCHIVE"):
        refuse_other("other 2", "own 1", "The archive", "STOCKPULSE_ARCHIVE")
    assert issubclass(TargetTaken, Unavailable)  # nothing is lost: the events wait
