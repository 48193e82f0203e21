import assert from "node:assert/strict";
import { test } from "node:test";

import { createGroups, describeGroup } from "../../static/live/groups.js";
import { createPace } from "../../static/live/pace.js";

let number = 0;
function item({ product = "P1", delta = -1, level = "", unit = null, ...fields } = {}) {
  number += 1;
  const data = { product_id: product, kind: "stock_changed", reference: null, delta, unit, ...fields };
  const row = {
    id: `e${number}`, kind: data.kind, mark: "\u25bc", label: "sold", productId: product, name: `Name of ${product}`, shownId: product,
    level, who: "ada", outside: false, reference: data.reference ?? "", occurredAt: "2026-11-21T08:00:00Z", ...fields.row,
  };
  return { row, data };
}
const change = (entry) => describeGroup(entry).change;

test("changes of one product are one entry with their net amount", () => {
  const { begun } = createGroups().add([item({ delta: -3 }), item({ delta: 1.1 }), item({ product: "P2" })], 0);
  assert.equal(begun.length, 2);
  assert.equal(change(begun[0]), "\u00d72, net \u22121.9");
});

test("changes of one order are one entry; a reference alone groups by its product", () => {
  const order = { reference: "SO-7" };
  const items = [item({ product: "P1", ...order }), item({ product: "P2", ...order }), item({ product: "P3", reference: "SO-8" })];
  const { begun } = createGroups().add(items, 0);
  assert.deepEqual(begun.map((entry) => entry.key), ["order SO-7", "product P3"]);
  const { name, shownId } = describeGroup(begun[0]);
  assert.deepEqual([name, shownId], ["SO-7", "2 products"]);
});

test("for ten seconds, later changes join their entry where it is", () => {
  const groups = createGroups();
  const [entry] = groups.add([item()], 0).begun;
  const { grew, begun } = groups.add([item(), item({ product: "P2" })], 9_000);
  assert.deepEqual([grew, entry.count, begun.length], [[entry], 2, 1]);
  assert.equal(groups.add([item()], 10_001).begun.length, 1);
});

test("of many new entries, those that need attention and the largest are begun, in order", () => {
  const items = [item({ product: "A" }), item({ product: "B" }), item({ product: "B" }), item({ product: "C" }), item({ product: "D", level: "out" })];
  const { begun, skipped } = createGroups().add(items, 0, 2);
  assert.deepEqual(begun.map((entry) => entry.key), ["product B", "product D"]);
  assert.equal(skipped.count, 2);
  assert.deepEqual(skipped.rows.map(({ productId }) => productId), ["C", "A"]);
});

test("a gap and a reconciled entry stay by themselves", () => {
  const items = [item({ kind: "gap" }), item(), item({ kind: "reconciled" })];
  assert.deepEqual(createGroups().add(items, 0).begun.map((entry) => entry.count), [1, 1, 1]);
});

test("amounts in different units have no net amount", () => {
  const { begun } = createGroups().add([item({ unit: "kg" }), item({ unit: null })], 0);
  assert.equal(change(begun[0]), "\u00d72");
});

test("an entry says what its changes have in common, and the worst level of an order", () => {
  const order = { reference: "SO-7" };
  const items = [item({ ...order, product: "P1", level: "negative" }), item({ ...order, product: "P2", row: { who: "bob", label: "lost" } })];
  const row = describeGroup(createGroups().add(items, 0).begun[0]);
  assert.deepEqual([row.who, row.label, row.level, row.undoable], ["several people", "changed", "negative", false]);
});

test("an entry keeps its newest 50 changes and counts all", () => {
  const [entry] = createGroups().add(Array.from({ length: 70 }, () => item()), 0).begun;
  assert.deepEqual([entry.rows.length, entry.count], [50, 70]);
});

test("while the feed is calm, each change is an entry, and the entries before it are closed", () => {
  const groups = createGroups();
  groups.add([item()], 0);
  assert.equal(groups.singles([item(), item()], 1).length, 2);
  assert.equal(groups.add([item()], 2).grew.length, 0);
});

const feed = (pace, count, interval, from = 0) => {
  for (let n = 0; n < count; n += 1) pace.add(from + n * interval, from + n * interval);
  return from + (count - 1) * interval;
};

test("the feed is busy above ten changes a second, and calm again below six", () => {
  const pace = createPace();
  let now = feed(pace, 100, 105);
  assert.equal(pace.isBusy(now), false);
  now = feed(pace, 100, 90, now);
  assert.equal(pace.isBusy(now), true);
  now = feed(pace, 100, 140, now);
  assert.equal(pace.isBusy(now), true, "between the two it stays as it is");
  now = feed(pace, 100, 180, now);
  assert.equal(pace.isBusy(now), false);
});

test("a feed without changes is calm", () => {
  const pace = createPace();
  const now = feed(pace, 100, 10);
  assert.equal(pace.isBusy(now + 3_001), false);
});

test("many changes that happened over a long time are not busy when they are caught up at once", () => {
  const pace = createPace();
  for (let n = 0; n < 312; n += 1) pace.add(n * 1_000, 400_000);
  assert.equal(pace.isBusy(400_000), false);
});

test("all entries together keep about a thousand changes, and each one its newest", () => {
  const groups = createGroups();
  const entries = [];
  for (let at = 0; at < 100; at += 1) {
    const items = Array.from({ length: 40 }, () => item({ product: `P${at}` }));
    entries.push(...groups.add(items, at * 20_000).begun);
  }
  const kept = entries.map((entry) => entry.rows.length);
  assert.deepEqual([kept[0], kept.at(-1)], [1, 40]);
  assert.equal(kept.reduce((sum, count) => sum + count), 75 + 25 * 40);
});
