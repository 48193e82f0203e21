import assert from "node:assert/strict";
import { test } from "node:test";

import { createTiles, tileText, WINDOW } from "../../static/live/tiles.js";

const NOW = Date.parse("2026-11-21T08:30:30Z");
const MINUTE = 60_000;
const event = (fields = {}) => ({
  kind: "stock_changed", delta: -3, actor: "local", view_type: "NEW_AND_OLD_IMAGES",
  event_name: "MODIFY", occurred_at: "2026-11-21T08:30:00Z", ...fields,
});

test("each event is added to the totals", () => {
  const tiles = createTiles();
  tiles.add(event(), NOW);
  tiles.add(event({ delta: 12, actor: null }), NOW);
  tiles.add(event({ kind: "updated", delta: null }), NOW);
  assert.deepEqual(tiles.totals(NOW), { changes: 3, in: 12, out: 3, outside: 1, units: new Set([""]) });
});

test("a sum has the unit that its quantities share, from server and stream", () => {
  const number = Math.floor(NOW / MINUTE) - 30;
  const tiles = createTiles([{ number, changes: 1, in: 1000.5, out: 0, outside: 0, units: ["kg"] }]);
  tiles.add(event({ delta: 1000, unit: "kg" }), NOW);
  assert.equal(tileText(tiles.totals(NOW), "in"), "2,000.5 kg");
  assert.equal(tileText(tiles.totals(NOW), "changes"), "2");
});

test("quantities of different units are not summed while both are in the window", () => {
  const number = Math.floor(NOW / MINUTE) - 30;
  const tiles = createTiles([{ number, changes: 1, in: 0, out: 4, outside: 0, units: ["kg"] }]);
  tiles.add(event({ unit: null }), NOW);
  assert.equal(tileText(tiles.totals(NOW), "out"), "mixed");
  assert.equal(tileText(tiles.totals(NOW + 30 * MINUTE), "out"), "3");
});

test("a change without a quantity does not add its unit", () => {
  const tiles = createTiles();
  tiles.add(event({ unit: "kg" }), NOW);
  tiles.add(event({ kind: "updated", delta: null, unit: "l" }), NOW);
  assert.equal(tileText(tiles.totals(NOW), "out"), "3 kg");
});

test("the server's minutes count until they are an hour old", () => {
  const number = Math.floor(NOW / MINUTE) - 30;
  const tiles = createTiles([{ number, changes: 5, in: 1, out: 2, outside: 3 }]);
  assert.equal(tiles.totals(NOW).changes, 5);
  assert.equal(tiles.totals(NOW + 29 * MINUTE).changes, 5);
  assert.equal(tiles.totals(NOW + 30 * MINUTE).changes, 0);
});

test("an event older than an hour is not counted, one from the future counts as now", () => {
  const tiles = createTiles();
  tiles.add(event({ occurred_at: "2026-11-21T07:30:00Z" }), NOW);
  assert.equal(tiles.totals(NOW).changes, 0);
  tiles.add(event({ occurred_at: "2026-11-21T09:30:00Z" }), NOW);
  assert.equal(tiles.series(NOW)[1].at(-1), 1);
});

test("an event that the server's counts have is not counted again", () => {
  const tiles = createTiles();
  tiles.add(event({ counted: true }), NOW);
  assert.equal(tiles.totals(NOW).changes, 0);
});

test("an incomplete count is reported until it is an hour old", () => {
  const tiles = createTiles([], NOW - 10 * MINUTE);
  assert.equal(tiles.since(NOW), NOW - 10 * MINUTE);
  assert.equal(tiles.since(NOW + 50 * MINUTE), null);
  tiles.incompleteBefore(NOW);
  assert.equal(tiles.since(NOW), NOW);
});

test("the series has every minute of the window", () => {
  const [seconds, changes] = createTiles().series(NOW);
  assert.equal(seconds.length, WINDOW);
  assert.equal(seconds.at(-1), Math.floor(NOW / MINUTE) * 60);
  assert.ok(changes.every((count) => count === 0));
});

test("gap and reconciled entries are not counted", () => {
  const tiles = createTiles();
  tiles.add(event({ kind: "gap", delta: null }), NOW);
  tiles.add(event({ kind: "reconciled", delta: null }), NOW);
  assert.equal(tiles.totals(NOW).changes, 0);
});
