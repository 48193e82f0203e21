"""A lane is what one sink has yet to get of one product; its row says how far it is and whose.

Pure: rows in, rows and actions out.
"""

from dataclasses import dataclass
from typing import Any

from app.store.dead_letters import LaneID
from app.store.letters import key_of, lane_key


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane's row; or a letter of the audit that someone wants tried again (no `tail`)."""

    product_id: str
    sink_key: str
    tail: str = ""
    parks: int = 0
    attempts: int = 0
    next_try_ms: int = 0
    due: bool = False
    claim: str | None = None
    beat: int = 0

    @property
    def sink(self) -> str:
        """The sink that it is before."""
        return self.sink_key.partition("#")[0]

    @property
    def id(self) -> LaneID:
        """Sink and product."""
        return (self.sink, self.product_id)

    @property
    def key(self) -> dict[str, Any]:
        """The row's key."""
        return key_of(self.product_id, self.sink_key)

    def is_due(self, now_ms: int) -> bool:
        """Whether it is time to try again."""
        return self.due or (bool(self.tail) and self.next_try_ms <= now_ms)


def lane_in(row: Any) -> Lane:
    """The lane in a row, or the letter that is due."""
    return Lane(
        product_id=row["ProductID"]["S"],
        sink_key=row["SinkKey"]["S"],
        tail=row.get("Tail", {}).get("S", ""),
        parks=int(row.get("Parks", {}).get("N", 0)),
        attempts=int(row.get("Attempts", {}).get("N", 0)),
        next_try_ms=int(row.get("NextTry", {}).get("N", 0)),
        due="Due" in row,
        claim=row.get("Claim", {}).get("S"),
        beat=int(row.get("Beat", {}).get("N", 0)),
    )


def lane_of(sink: str, product_id: str) -> Lane:
    """The lane of a sink and product, wherever it stands."""
    return Lane(product_id, lane_key(sink))


def number(value: int) -> dict[str, str]:
    """A number in the low-level form."""
    return {"N": str(value)}


def claimed(word: str) -> dict[str, Any]:
    """Parameters of an action that rests on the claim."""
    return {
        "ConditionExpression": "Claim = :word",
        "ExpressionAttributeValues": {":word": {"S": word}},
    }


def conditional(action: dict[str, Any], word: str) -> dict[str, Any]:
    """The update, if the claim is ours."""
    update = action["Update"]
    values = {**update["ExpressionAttributeValues"], ":word": {"S": word}}
    return {
        "Update": {
            **update,
            "ConditionExpression": "Claim = :word",
            "ExpressionAttributeValues": values,
        }
    }
