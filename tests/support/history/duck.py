"""DuckDB computes figures from an export of events (NDJSON) without any code of the read model.

Times of day and days are those of an IANA time zone, by DuckDB's ICU. Units and values are exact
decimals. A time range includes its beginning and excludes its end.
"""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import duckdb

_TEXTS = ("product_id", "event_key", "kind", "category", "delta", "actor", "reason", "reference")
_FIELDS = dict.fromkeys((*_TEXTS, "product_name", "note", "request_id"), "VARCHAR") | {
    "before": "JSON",
    "after": "JSON",
    "occurred_at": "TIMESTAMPTZ",
}

# `leaves` and `starts`: the product's images after and before the event; NULL without a product.
_LOAD = f"""
CREATE TABLE events AS
SELECT data.* REPLACE (data.delta::DECIMAL(38, 9) AS delta),
    if(data.kind IN ('deleted', 'expired'), NULL, data.after) AS leaves,
    if(data.kind = 'inserted', NULL, data.before) AS starts,
    false AS void
FROM read_json(
    $file, format = 'newline_delimited', maximum_object_size = 4_000_000,
    columns = {{data: 'STRUCT({", ".join(map(" ".join, _FIELDS.items()))})'}}
)
"""

# A run of `reconciled` entries is void from the state on that the record after it begins with.
# `run` counts the entries before it that are not `reconciled`.
_VOID = """
WITH
runs AS (
    SELECT product_id, event_key, kind,
        if(kind = 'reconciled', starts, NULL) AS starts,
        count(*) FILTER (kind <> 'reconciled') OVER history AS run
    FROM events
    WHERE product_id IN (SELECT product_id FROM events WHERE kind = 'reconciled')
    WINDOW history AS (PARTITION BY product_id ORDER BY event_key)
),
entries AS (
    SELECT runs.product_id, runs.event_key, runs.run, record.kind AS next,
        image(reconciled.starts) AS starts, image(reconciled.leaves) AS leaves,
        image(record_event.starts) AS continued
    FROM runs
    JOIN runs AS record
        ON record.product_id = runs.product_id AND record.run = runs.run + 1
        AND record.kind <> 'reconciled'
    JOIN events AS reconciled
        ON reconciled.product_id = runs.product_id AND reconciled.event_key = runs.event_key
    JOIN events AS record_event
        ON record_event.product_id = record.product_id
        AND record_event.event_key = record.event_key
    WHERE runs.kind = 'reconciled' AND record.kind <> 'gap'
)
SELECT product_id, event_key
FROM entries AS one
WHERE NOT EXISTS (
    FROM entries AS later
    WHERE (later.product_id, later.run) = (one.product_id, one.run)
        AND later.event_key >= one.event_key AND later.leaves = one.continued
) AND EXISTS (
    FROM entries AS early
    WHERE (early.product_id, early.run) = (one.product_id, one.run)
        AND early.event_key <= one.event_key AND early.starts = one.continued
)
"""

_MACROS = """
CREATE MACRO sorted(attributes) AS
    coalesce(list_sort(map_entries(attributes::MAP(VARCHAR, VARCHAR)))::VARCHAR, 'none');
CREATE MACRO image(attributes) AS
    sorted(json_merge_patch(attributes, '{"Stockpulse": null}'))
    || sorted(json_extract(attributes, '$.Stockpulse'));
CREATE MACRO worth(attributes) AS coalesce(
    (attributes ->> 'Stock')::DECIMAL(18, 6) * (attributes ->> 'Price')::DECIMAL(18, 6), 0
);
CREATE MACRO local_day(moment, zone) AS timezone(zone, moment)::DATE;
"""

Units = tuple[Decimal, Decimal]  # in, out


class DuckFigures:
    """The figures of one export; a context manager that closes its database in `folder`."""

    def __init__(self, export: Path, folder: Path) -> None:
        self._duck = duckdb.connect(folder / "figures.duckdb", config={"memory_limit": "2GB"})
        self._duck.execute("SET TimeZone = 'UTC'")
        self._duck.execute(_MACROS)
        self._duck.execute(_LOAD, {"file": str(export)})
        self._duck.execute(
            f"UPDATE events SET void = true WHERE (product_id, event_key) IN ({_VOID})"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._duck.close()

    def kinds(self, since: datetime, until: datetime) -> dict[str, int]:
        """How many events there are of each kind."""
        return dict(
            self._rows(
                "SELECT kind, count(*) FROM events "
                "WHERE occurred_at >= $since AND occurred_at < $until GROUP BY kind",
                since=since,
                until=until,
            )
        )

    def matching(self, condition: str = "true", **given: Any) -> list[tuple[str, str]]:
        """(product id, event key) of the events that fulfil a condition in SQL, as exported."""
        return self._rows(
            f"SELECT product_id, event_key FROM events WHERE {condition} ORDER BY rowid", **given
        )

    def typical(self, column: str) -> str:
        """A value that many events have in this column."""
        ((value,),) = self._rows(f"SELECT mode({column} ORDER BY {column}) FROM events")
        return str(value)

    def per_day(self, zone: str) -> dict[date, int]:
        """How many events there are on each day that has any."""
        return dict(
            self._rows(
                "SELECT local_day(occurred_at, $zone), count(*) FROM events GROUP BY 1", zone=zone
            )
        )

    def per_quarter(self, since: datetime, until: datetime) -> dict[datetime, int]:
        """How many events there are in each quarter of an hour (UTC) that has any."""
        rows = self._rows(
            "SELECT epoch(time_bucket(INTERVAL 15 minutes, occurred_at))::BIGINT, count(*) "
            "FROM events WHERE occurred_at >= $since AND occurred_at < $until GROUP BY 1",
            since=since,
            until=until,
        )
        return {datetime.fromtimestamp(quarter, UTC): count for quarter, count in rows}

    def movement(
        self, zone: str, since: datetime, until: datetime
    ) -> dict[tuple[date, str | None, str | None], Units]:
        """Units in and out by day, reason and category."""
        rows = self._rows(
            "SELECT local_day(occurred_at, $zone), reason, category, "
            "coalesce(sum(delta) FILTER (delta > 0), 0), "
            "coalesce(-sum(delta) FILTER (delta < 0), 0) "
            "FROM events WHERE delta <> 0 AND occurred_at >= $since AND occurred_at < $until "
            "GROUP BY ALL",
            zone=zone,
            since=since,
            until=until,
        )
        return {(day, reason, category): (came, went) for day, reason, category, came, went in rows}

    def moved(
        self, since: datetime, until: datetime, reason: str | None = None
    ) -> dict[str, Units]:
        """Units in and out by product, of one reason or of all."""
        rows = self._rows(
            "SELECT product_id, coalesce(sum(delta) FILTER (delta > 0), 0), "
            "coalesce(-sum(delta) FILTER (delta < 0), 0) "
            "FROM events WHERE delta <> 0 AND occurred_at >= $since AND occurred_at < $until "
            "AND ($reason IS NULL OR reason = $reason) GROUP BY product_id",
            since=since,
            until=until,
            reason=reason,
        )
        return {product_id: (came, went) for product_id, came, went in rows}

    def not_sold(self, since: datetime, until: datetime) -> set[str]:
        """The products in stock at `until` that were neither sold nor created since."""
        busy = self._rows(
            "SELECT product_id FROM events WHERE occurred_at >= $since AND occurred_at < $until "
            "AND (kind = 'inserted' OR kind = 'stock_changed' AND reason = 'sold' AND delta < 0)",
            since=since,
            until=until,
        )
        items = self.catalogue(until).items()
        return {name for name, item in items if Decimal(str(item["Stock"])) > 0} - {
            name for (name,) in busy
        }

    def days_left(self, zone: str, now: datetime) -> dict[str, float]:
        """For how many days products last that were sold in the last 30 days, today included.

        The rate is that of these days, or of those since the product's first event, at least one.
        """
        rows = self._rows(
            "WITH clock AS (SELECT timezone($zone, $now) AS now), "
            "products AS (SELECT product_id, min(local_day(occurred_at, $zone)) AS first, "
            "-sum(delta) FILTER (kind = 'stock_changed' AND reason = 'sold' "
            "AND local_day(occurred_at, $zone) > now::DATE - 30) AS sold "
            "FROM events, clock GROUP BY product_id) "
            "SELECT product_id, sold, greatest(1, "
            "epoch(now - greatest(first, now::DATE - 29)::TIMESTAMP) / 86400) "
            "FROM products, clock WHERE sold > 0",
            zone=zone,
            now=now,
        )
        items = self.catalogue(now)
        return {
            name: max(float(items[name]["Stock"]), 0) * days / float(sold)
            for name, sold, days in rows
            if name in items
        }

    def catalogue(self, moment: datetime) -> dict[str, dict[str, Any]]:
        """Each product's attributes, as its last event up to that moment left them."""
        rows = self._rows(
            "SELECT product_id, leaves FROM ("
            "SELECT product_id, arg_max_null(leaves, event_key) AS leaves FROM events "
            "WHERE occurred_at <= $moment AND NOT void GROUP BY product_id"
            ") WHERE leaves IS NOT NULL",
            moment=moment,
        )
        return {product_id: json.loads(attributes) for product_id, attributes in rows}

    def values(self, zone: str, days: Iterable[date]) -> dict[date, Decimal]:
        """The value of the stock (units times price, of every product) at the end of each day."""
        rows = self._rows(
            "WITH states AS ("
            "SELECT local_day(occurred_at, $zone) AS day, "
            "worth(leaves) - coalesce(lag(worth(leaves)) OVER "
            "(PARTITION BY product_id ORDER BY event_key), 0) AS gained "
            "FROM events WHERE NOT void), "
            "daily AS (SELECT day, sum(gained) AS gained FROM states GROUP BY day) "
            "SELECT wanted.day, coalesce(sum(gained), 0) "
            "FROM (SELECT unnest($days::DATE[]) AS day) AS wanted "
            "LEFT JOIN daily ON daily.day <= wanted.day GROUP BY wanted.day",
            zone=zone,
            days=list(days),
        )
        return dict(rows)

    def _rows(self, statement: str, **given: Any) -> list[Any]:
        return self._duck.execute(statement, given).fetchall()
