import assert from "node:assert/strict";
import { test } from "node:test";

import { adjustment, isAddressable } from "../../static/products/adjust.js";
import { isLow, isNews } from "../../static/products/cells.js";

test("the button says which way, and the usual reason", () => {
  assert.deepEqual(adjustment({ direction: "-1", quantity: "3", reason: "" }), { delta: -3, reason: "sold" });
  assert.deepEqual(adjustment({ direction: "1", quantity: "3", reason: "" }), { delta: 3, reason: "received" });
  assert.equal(adjustment({ direction: "-1", quantity: "3", reason: "lost" }).reason, "lost");
});

test("ids that a browser takes out of paths go by the form", () => {
  assert.deepEqual(["..", ".", "a/..", "a b"].map(isAddressable), [false, false, true, true]);
});

test("an event older than the row is no news; one without a version is", () => {
  assert.equal(isNews(5, { after: { Version: 4 } }), false);
  assert.equal(isNews(5, { after: { Version: 5 } }), true);
  assert.equal(isNews(5, { after: {} }), true);
  assert.equal(isNews(5, { after: null }), true);
});

test("low is at or below the reorder point, where both are known", () => {
  assert.deepEqual([isLow(5, 5), isLow(6, 5), isLow(null, 5), isLow(5, null)], [true, false, false, false]);
});
