import assert from "node:assert/strict";
import { test } from "node:test";

import { createTiles, WINDOW } from "../../static/live/tiles.js";

const NOW = Date.parse("2026-11-21T08:30:30Z");
const MINUTE = 60_000;
const event = (fields = {}) => ({
  kind: "stock_changed", delta: -3, actor: "local", view_type: "NEW_AND_OLD_IMAGES",
  event_name: "MODIFY", occurred_at: "2026-11-21T08:30:00Z", ...fields,
});

test("each event moves the totals on", () => {
  const tiles = createTiles();
  tiles.add(event(), NOW);
  tiles.add(event({ delta: 12, actor: null }), NOW);
  tiles.add(event({ kind: "updated", delta: null }), NOW);
  assert.deepEqual(tiles.totals(NOW), { changes: 3, in: 12, out: 3, outside: 1 });
});

test("the server's minutes go on, and leave with the hour", () => {
  const number = Math.floor(NOW / MINUTE) - 30;
  const tiles = createTiles([{ number, changes: 5, in: 1, out: 2, outside: 3 }]);
  assert.equal(tiles.totals(NOW).changes, 5);
  assert.equal(tiles.totals(NOW + 29 * MINUTE).changes, 5);
  assert.equal(tiles.totals(NOW + 30 * MINUTE).changes, 0);
});

test("an event of before the hour is not counted, one from the future is now", () => {
  const tiles = createTiles();
  tiles.add(event({ occurred_at: "2026-11-21T07:30:00Z" }), NOW);
  assert.equal(tiles.totals(NOW).changes, 0);
  tiles.add(event({ occurred_at: "2026-11-21T09:30:00Z" }), NOW);
  assert.equal(tiles.series(NOW)[1].at(-1), 1);
});

test("what was missed is told until it is an hour old", () => {
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

test("a gap and what was reconciled are no changes that were seen", () => {
  const tiles = createTiles();
  tiles.add(event({ kind: "gap", delta: null }), NOW);
  tiles.add(event({ kind: "reconciled", delta: null }), NOW);
  assert.equal(tiles.totals(NOW).changes, 0);
});
