import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { adjustment, isAddressable } from "../../static/products/adjust.js";
import { isNewer } from "../../static/products/cells.js";
import { hiddenColumns } from "../../static/products/columns.js";
import { withoutDone } from "../../static/products/done.js";
import { addressOf } from "../../static/products/search.js";
import { daysLeft, levelOf } from "../../static/products/stock.js";

const cases = JSON.parse(readFileSync(new URL("stock.json", import.meta.url)));

test("the dialog sets the sign, and no digit is lost", () => {
  assert.deepEqual(adjustment({ mode: "take", quantity: "3", reason: "sold" }), { delta: "-3", reason: "sold" });
  assert.equal(adjustment({ mode: "add", quantity: "12345678901234567890.5", reason: "found" }).delta, "12345678901234567890.5");
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

test("levels and days are those of the server", () => {
  for (const one of cases.levels) assert.equal(levelOf(one.stock, one.low_at), one.level, JSON.stringify(one));
  for (const one of cases.days) assert.equal(daysLeft(one.stock, one.rate), one.days, JSON.stringify(one));
});

test("an address has the filters that are set", () => {
  assert.equal(addressOf("/products", [["q", ""], ["category", ""]]), "/products");
  assert.equal(addressOf("/products", [["q", "a b"], ["low", "true"]]), "/products?q=a+b&low=true");
});

test("hidden columns are names; anything else that is stored is ignored", () => {
  assert.deepEqual(hiddenColumns("price days"), ["price", "days"]);
  assert.deepEqual(hiddenColumns('<b> {"a":1} price'), ["price"]);
  assert.deepEqual(hiddenColumns(null), []);
});

test("a confirmation leaves the address, and the list stays", () => {
  const href = "http://h/products?q=tea&done=saved&saved=A&undo=r1#saved";
  assert.equal(withoutDone(href), "http://h/products?q=tea");
});
