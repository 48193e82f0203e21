import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { createTiles, effectOf, seconds } from "../../static/live/tiles.js";

const NOW = Date.parse("2026-11-21T08:30:30Z");
const MINUTE = 60_000;
const LAST = Math.floor(NOW / MINUTE);
const event = (fields = {}) => ({
  kind: "stock_changed", stock_before: 12, stock_after: 9, delta: -3, before: { Stock: 12 }, after: { Stock: 9 },
  view_type: "NEW_AND_OLD_IMAGES", event_name: "MODIFY", sequence_number: "1", occurred_at: "2026-11-21T08:30:00Z", ...fields,
});

// tests/unit/web/pages/test_tiles.py runs the same cases in the server's code.
for (const { name, data, expect } of JSON.parse(readFileSync(new URL("effects.json", import.meta.url), "utf8"))) {
  test(`the effect of an event matches the server: ${name}`, () => {
    const names = { reorderPoint: "ReorderPoint", noReorder: "NoReorder", unit: "Unit" };
    assert.deepEqual(effectOf(event(data), names), { products: 0, units: [], low: 0, out: 0, ...expect });
  });
}

test("each event continues the server's sums", () => {
  const tiles = createTiles({ stock: { products: 10, units: [["", "500.1"], ["kg", 4]], low: 2, out: 1 } });
  tiles.add(event(), NOW);
  tiles.add(event({ stock_before: 0.2, stock_after: 0, delta: -0.2 }), NOW);
  const { products, units, low, out } = tiles.numbers(NOW);
  assert.deepEqual({ products, units, low, out }, { products: 10, units: [["", 496.9], ["kg", 4]], low: 2, out: 2 });
});

test("sums that the server does not know stay unknown", () => {
  const tiles = createTiles({});
  tiles.add(event(), NOW);
  assert.equal(tiles.numbers(NOW).units, null);
  assert.equal(tiles.numbers(NOW).changes, 1);
});

test("the server's minutes and delays count until they are an hour old", () => {
  const tiles = createTiles({ minutes: [[LAST - 30, 5]], delays: [[LAST - 30, 900]] });
  tiles.delay(400, NOW);
  assert.deepEqual([tiles.numbers(NOW).changes, tiles.numbers(NOW).lag], [5, 900]);
  assert.deepEqual([tiles.numbers(NOW + 29 * MINUTE).changes, tiles.numbers(NOW + 29 * MINUTE).lag], [5, 900]);
  assert.deepEqual([tiles.numbers(NOW + 30 * MINUTE).changes, tiles.numbers(NOW + 30 * MINUTE).lag], [0, 400]);
});

test("an event older than an hour is no change of the hour, one from the future counts as now", () => {
  const tiles = createTiles({});
  tiles.add(event({ occurred_at: "2026-11-21T07:30:00Z" }), NOW);
  assert.equal(tiles.numbers(NOW).changes, 0);
  tiles.add(event({ occurred_at: "2026-11-21T09:30:00Z" }), NOW);
  assert.ok(tiles.line(NOW, 24).endsWith("L59 18.0"));
});

test("an event that the server's numbers have is not counted again", () => {
  const tiles = createTiles({ stock: { products: 1, units: [["", 9]], low: 0, out: 0 } });
  tiles.add(event({ counted: true }), NOW);
  assert.deepEqual([tiles.numbers(NOW).changes, tiles.numbers(NOW).units], [0, [["", 9]]]);
});

test("an incomplete count is reported until it is an hour old", () => {
  const tiles = createTiles({ since: NOW - 10 * MINUTE });
  assert.equal(tiles.numbers(NOW).since, NOW - 10 * MINUTE);
  assert.equal(tiles.numbers(NOW + 50 * MINUTE).since, null);
});

test("gap and reconciled entries are no changes", () => {
  const tiles = createTiles({});
  tiles.add(event({ kind: "gap", delta: null }), NOW);
  tiles.add(event({ kind: "reconciled", delta: null }), NOW);
  assert.equal(tiles.numbers(NOW).changes, 0);
});

test("a duration has as many digits as one reads", () => {
  assert.deepEqual([seconds(40), seconds(9_940), seconds(31_400), seconds(600_000)], ["0.0 s", "9.9 s", "31 s", "10 min"]);
});
