import assert from "node:assert/strict";
import { test } from "node:test";

import { difference, waitingText } from "../../static/alerts/rows.js";

test("rows that are gone and rows that are new are told apart", () => {
  assert.deepEqual(difference(["a", "b", "c"], ["c", "d", "a"]), { gone: ["b"], fresh: ["d"] });
  assert.deepEqual(difference([], []), { gone: [], fresh: [] });
});

test("new rows that wait are counted in words", () => {
  assert.deepEqual([0, 1, 2].map(waitingText), ["", "1 more alert", "2 more alerts"]);
});
