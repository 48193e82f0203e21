"""What a later change touched is not taken back; the answer shows it before, after and now."""

from typing import Any

import pytest

from tests.integration.reversals.undoing import delete, edit, events_of, refusal, reverse, stored
from tests.support.processes.running import App


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each has product ids of its own."""
    return shared


def count(app: App, product_id: str, counted: int, **body: Any) -> None:
    answer = app.http.post(f"/v1/products/{product_id}/counts", json={"counted": counted} | body)
    assert answer.status_code == 200, answer.text


def update_outside(app: App, product_id: str, expression: str, **values: Any) -> None:
    """Change an item as another program does, by an update expression with these values."""
    app.tables.update_item(
        TableName=app.services.about.products_table,
        Key={"ProductID": {"S": product_id}},
        UpdateExpression=expression,
        ExpressionAttributeValues={f":{n}": v for n, v in values.items()},
    )


def test_edit_under_a_later_edit_is_superseded(app: App) -> None:
    app.create("va", price="2", category="Tea")
    edit(app, "va", price="3", category="Mugs")
    edit(app, "va", price="4")
    first = events_of(app, "va", 3)[1]
    answer = reverse(app, first)
    assert refusal(answer) == (409, "superseded")
    assert answer.json()["conflicts"] == [{"attribute": "Price", "before": 2, "after": 3, "now": 4}]
    assert stored(app, "va")["Category"] == {"S": "Mugs"}, "all or nothing"


def test_edit_is_taken_back_after_the_edits_above_it(app: App) -> None:
    app.create("vb", price="2")
    edit(app, "vb", price="3")
    edit(app, "vb", price="4")
    _, first, second = events_of(app, "vb", 3)
    assert reverse(app, second).json()["price"] == "3"
    assert reverse(app, first).json()["price"] == "2"


def test_creation_of_a_product_that_has_changed_since_is_superseded(app: App) -> None:
    app.create("vc", stock=5)
    app.adjust("vc", -1)
    created = events_of(app, "vc", 2)[0]
    answer = reverse(app, created)
    assert refusal(answer) == (409, "superseded")
    conflicts = [{"attribute": "Stock", "before": None, "after": 5, "now": 4}]
    assert answer.json()["conflicts"] == conflicts


def test_creation_of_a_product_that_was_counted_as_expected_is_superseded(app: App) -> None:
    app.create("vd", stock=5)
    count(app, "vd", 5)
    created = events_of(app, "vd", 2)[0]
    answer = reverse(app, created)
    assert refusal(answer) == (409, "superseded")
    assert [entry["attribute"] for entry in answer.json()["conflicts"]] == ["Stockpulse"]


def test_nothing_of_an_earlier_life_is_taken_back(app: App) -> None:
    app.create("ve", stock=5)
    app.adjust("ve", -1)
    delete(app, "ve")
    _, sale, deletion = events_of(app, "ve", 3)
    app.create("ve", stock=100)
    answer = reverse(app, sale)
    assert refusal(answer) == (409, "superseded")
    assert answer.json()["conflicts"][0] == {
        "attribute": "Stock",
        "before": 5,
        "after": 4,
        "now": 100,
    }
    restore = reverse(app, deletion)
    assert refusal(restore) == (409, "superseded")
    found = {entry["attribute"]: entry for entry in restore.json()["conflicts"]}
    assert found["Stock"] == {"attribute": "Stock", "before": 4, "after": None, "now": 100}
    assert stored(app, "ve")["Stock"] == {"N": "100"}


def test_stock_change_from_before_a_count_is_not_taken_back(app: App) -> None:
    app.create("vf", stock=10)
    app.adjust("vf", -4)
    count(app, "vf", 7)
    app.adjust("vf", -1)
    _, before, counted, after = events_of(app, "vf", 4)
    answer = reverse(app, before)
    assert refusal(answer) == (409, "counted-since")
    assert answer.json()["counted_at"] == counted["after"]["Stockpulse"]["counted_at"]
    assert reverse(app, after).json()["stock"] == 7


def test_count_that_is_taken_back_counts_no_more(app: App) -> None:
    app.create("vl", stock=10)
    app.adjust("vl", -4)
    count(app, "vl", 70)
    app.adjust("vl", -1)
    _, sale, counted, _ = events_of(app, "vl", 4)
    assert reverse(app, counted).json()["stock"] == 5
    again = events_of(app, "vl", 5)[4]
    assert reverse(app, again).json()["stock"] == 69, "the count is back"
    assert refusal(reverse(app, sale)) == (409, "counted-since")
    assert reverse(app, events_of(app, "vl", 6)[5]).json()["stock"] == 5
    assert reverse(app, sale).json()["stock"] == 9


@pytest.mark.parametrize(
    "counting",
    [
        lambda app: count(app, "vg-1", 10, reason="lost"),
        lambda app: count(app, "vg-2", 6),
        lambda app: app.adjust("vg-3", +1, "counted"),
    ],
    ids=["under another reason", "of the same number", "as an adjustment"],
)
def test_every_kind_of_count_is_one(app: App, counting: Any, request: Any) -> None:
    product_id = f"vg-{request.node.callspec.indices['counting'] + 1}"
    app.create(product_id, stock=10)
    app.adjust(product_id, -4)
    counting(app)
    sale = events_of(app, product_id, 3)[1]
    assert refusal(reverse(app, sale)) == (409, "counted-since")


def test_count_is_remembered_while_other_programs_write(app: App) -> None:
    app.create("vh", stock=10)
    app.adjust("vh", -4)
    count(app, "vh", 7)
    update_outside(app, "vh", "SET Stock = Stock - :n", n={"N": "2"})
    edit(app, "vh", category="Tea")
    _, sale, _, outside, _ = events_of(app, "vh", 5)
    assert refusal(reverse(app, sale)) == (409, "counted-since")
    assert reverse(app, outside).json()["stock"] == 7


def test_field_is_taken_back_whatever_was_counted(app: App) -> None:
    app.create("vi", stock=10, price="2")
    edit(app, "vi", price="3")
    count(app, "vi", 9)
    answer = reverse(app, events_of(app, "vi", 3)[1])
    assert (answer.json()["price"], answer.json()["stock"]) == ("2", 9)


def test_attributes_of_other_programs_stay_and_are_named(app: App) -> None:
    app.create("vj", price="2")
    update_outside(app, "vj", "SET Price = :p, Shelf = :s", p={"N": "9"}, s={"S": "B 12"})
    answer = reverse(app, events_of(app, "vj", 2)[1])
    assert (answer.json()["price"], answer.json()["not_reversed"]) == ("2", ["Shelf"])
    assert stored(app, "vj")["Shelf"] == {"S": "B 12"}
    reversal = events_of(app, "vj", 3)[2]
    assert reversal["actor"] == "local"


def test_change_of_other_programs_attributes_alone_is_not_reversible(app: App) -> None:
    app.create("vk")
    update_outside(app, "vk", "SET Shelf = :s", s={"S": "B 12"})
    answer = reverse(app, events_of(app, "vk", 2)[1])
    assert refusal(answer) == (409, "not-reversible")
    assert "Shelf" in answer.json()["detail"]
