import assert from "node:assert/strict";
import { test } from "node:test";

import { adjustment, isAddressable } from "../../static/products/adjust.js";
import { isLow, isNewer } from "../../static/products/cells.js";

test("the button sets the sign and the default reason", () => {
  assert.deepEqual(adjustment({ direction: "-1", quantity: "3", reason: "" }), { delta: -3, reason: "sold" });
  assert.deepEqual(adjustment({ direction: "1", quantity: "3", reason: "" }), { delta: 3, reason: "received" });
  assert.equal(adjustment({ direction: "-1", quantity: "3", reason: "lost" }).reason, "lost");
});

test("ids that a browser removes from paths are not addressable", () => {
  assert.deepEqual(["..", ".", "a/..", "a b"].map(isAddressable), [false, false, true, true]);
});

test("an event older than the row is not newer; one without a version is", () => {
  assert.equal(isNewer(5, { after: { Stockpulse: { version: 4 } } }, "Stockpulse"), false);
  assert.equal(isNewer(5, { after: { Stockpulse: { version: 5 } } }, "Stockpulse"), true);
  assert.equal(isNewer(5, { after: {} }, "Stockpulse"), true);
  assert.equal(isNewer(5, { after: null }, "Stockpulse"), true);
});

test("stock is low at or below the reorder point, if both are known", () => {
  assert.deepEqual([isLow(5, 5), isLow(6, 5), isLow(null, 5), isLow(5, null)], [true, false, false, false]);
});
