import assert from "node:assert/strict";
import { test } from "node:test";

import { neighbour } from "../../static/audit/choice.js";
import { createCounter, newText } from "../../static/audit/fresh.js";

test("arrow keys move the choice by one and stop at both ends", () => {
  const links = ["a", "b", "c"];
  assert.equal(neighbour(links, "a", 1), "b");
  assert.equal(neighbour(links, "c", 1), "c");
  assert.equal(neighbour(links, "a", -1), "a");
});

test("new changes are named by their number, which may be a lower bound", () => {
  assert.equal(newText({ count: 12, exact: true }), "12 new \u2191");
  assert.equal(newText({ count: 10_000, exact: false }), "10,000+ new \u2191");
  assert.equal(newText({ count: 0, exact: true }), "");
  assert.equal(newText(null), ""); // the copy is being filled
});

test("changes that arrive while a count is due are counted after the same wait, together", async () => {
  const shown = [];
  const goes = [];
  const arrived = createCounter({
    every: 2_000,
    wait: () => new Promise((resolve) => goes.push(resolve)),
    count: async () => ({ count: goes.length, exact: true }),
    show: (text) => shown.push(text),
  });
  const first = arrived();
  arrived();
  arrived();
  assert.deepEqual(shown, []);
  goes[0]();
  await new Promise(setImmediate);
  goes[1]();
  await first;
  assert.deepEqual(shown, ["1 new \u2191", "2 new \u2191"]);
});

test("a failed count changes nothing, and the next change counts again", async () => {
  const shown = [];
  let fails = true;
  const arrived = createCounter({
    every: 0,
    wait: async () => {},
    count: async () => {
      if (fails) throw new Error("offline");
      return { count: 3, exact: true };
    },
    show: (text) => shown.push(text),
  });
  await arrived();
  assert.deepEqual(shown, []);
  fails = false;
  await arrived();
  assert.deepEqual(shown, ["3 new \u2191"]);
});
