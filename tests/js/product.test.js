// The chart reads its data, and the timeline takes up new changes without losing what is opened.

import assert from "node:assert/strict";
import { test } from "node:test";

import { stockAt, verticalRange } from "../../static/product/chart.js";
import { createMoments, secondOf } from "../../static/product/moments.js";
import { createRefresher, mergeList } from "../../static/product/refresh.js";

const DATA = { since: 0, until: 100, times: [10, 20, 20, 50], stock: [5, 3, null, 8], low: 4, marks: [] };

test("the stock at a time is that of the last step before it", () => {
  assert.equal(stockAt(DATA, 9), undefined);
  assert.equal(stockAt(DATA, 10), 5);
  assert.equal(stockAt(DATA, 19.9), 5);
  assert.equal(stockAt(DATA, 20), null);
  assert.equal(stockAt(DATA, 99), 8);
  assert.equal(stockAt({ ...DATA, times: [], stock: [] }, 50), undefined);
});

test("a moment that was asked for keeps its label until the slider is moved", () => {
  const slider = { since: { value: "0" }, until: { value: "3600" }, point: { value: "500", max: "1000" } };
  const { minute } = createMoments("en-GB", "Asia/Tokyo");
  assert.equal(minute(secondOf(slider, "1819.9") * 1000), "09:30");
  assert.equal(secondOf(slider, "1819.9"), 1819.9);
  assert.equal(secondOf(slider), 1800);
});

test("the axis has zero, the reorder point and negative stock in it", () => {
  const [bottom, top] = verticalRange(DATA, 3, 8);
  assert.equal(bottom, 0);
  assert.ok(top > 8);
  assert.ok(verticalRange({ ...DATA, low: 40 }, 3, 8)[1] > 40);
  assert.equal(verticalRange(DATA, -6, 8)[0], -6);
  assert.deepEqual(verticalRange({ ...DATA, low: null }, null, null), [0, 1.06]);
});

class Item {
  constructor(key, id) {
    this.dataset = { [key]: id };
    this.classes = [];
    this.classList = { add: (name) => this.classes.push(name) };
  }
  remove() {
    this.list.children = this.list.children.filter((one) => one !== this);
  }
}

function listOf(...items) {
  const list = {
    children: items,
    prepend(...fresh) {
      for (const item of fresh) item.list = list;
      list.children = [...fresh, ...list.children];
    },
  };
  for (const item of items) item.list = list;
  return list;
}

test("new changes come on top with their details, and known ones stay the same elements", () => {
  const [one, more] = [new Item("id", "one"), new Item("of", "one")];
  const old = new Item("id", "old");
  const list = listOf(one, more, old);
  const [two, twoMore] = [new Item("id", "two"), new Item("of", "two")];
  mergeList(list, listOf(two, twoMore, new Item("id", "one"), new Item("of", "one")));
  assert.deepEqual(list.children, [two, twoMore, one, more]);
  assert.deepEqual([two.classes, one.classes], [["fresh"], []]);
});

test("many changes at once are one request, and those that arrive meanwhile are one more", async () => {
  let loads = 0;
  let finish;
  const refresh = createRefresher(() => {
    loads += 1;
    return new Promise((resolve) => (finish = resolve));
  }, 1);
  const soon = () => new Promise((resolve) => setTimeout(resolve, 15));
  for (let count = 0; count < 50; count += 1) refresh();
  await soon();
  assert.equal(loads, 1);
  for (let count = 0; count < 50; count += 1) refresh();
  await soon();
  assert.equal(loads, 1);
  finish();
  await soon();
  assert.equal(loads, 2);
});

test("a failed request does not stop the following ones", async () => {
  let loads = 0;
  const refresh = createRefresher(async () => {
    loads += 1;
    throw new Error("offline");
  }, 1);
  const soon = () => new Promise((resolve) => setTimeout(resolve, 15));
  refresh();
  await soon();
  refresh();
  await soon();
  assert.equal(loads, 2);
});
