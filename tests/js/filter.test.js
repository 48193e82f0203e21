import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { parseFilter, passes, toQuery } from "../../static/stream/filter.js";

const { events, cases } = JSON.parse(readFileSync(new URL("filters.json", import.meta.url)));
const parsed = (text) => parseFilter(new URLSearchParams(text));

for (const { query, admits } of cases) {
  test(`a tab filters "${query}" as the server does`, () => {
    const filter = parsed(query);
    const admitted = Object.keys(events).filter((name) => passes(filter, events[name]));
    assert.deepEqual(admitted, admits);
    assert.equal(toQuery(filter).toString(), query);
  });
}

test("empty, unknown and wrong parameters are not set", () => {
  const wrong = "kind=&reason=&product_id=&actor=&page=2&outside=yes&min_delta=";
  for (const amount of ["", "0", "0.0", "-3", "many", "1e3", "Infinity"]) {
    assert.deepEqual(parsed(wrong + amount), parsed(""));
    assert.equal(toQuery(parsed(wrong + amount)).toString(), "");
  }
});
