import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { describe, sentence, signed } from "../../static/rows/format.js";

const cases = JSON.parse(readFileSync(new URL("rows.json", import.meta.url), "utf8"));
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

// tests/unit/web/pages/test_event_rows.py runs the same cases in the server's code.
for (const { name, data, expect } of cases) {
  test(`row text matches the server: ${name}`, () => {
    const row = Object.fromEntries(
      Object.entries(describe(data)).map(([key, value]) => [snake(key), value]),
    );
    for (const key of Object.keys(expect)) assert.equal(row[key], expect[key], key);
  });
}

test("a custom stock attribute is listed once", () => {
  const data = { ...cases[0].data, changed: ["Qty"], before: { Qty: 12 }, after: { Qty: 9 } };
  assert.equal(describe(data, "Qty").change, "12 \u2192 9 (\u22123)");
});

test("numbers have their sign, with a U+2212 minus", () => {
  assert.deepEqual([signed(3), signed(-3), signed(0)], ["+3", "\u22123", "0"]);
});

test("a summary is a readable phrase", () => {
  assert.equal(sentence(describe(cases[0].data)), "Tea, sold, 12 to 9 (\u22123)");
});
