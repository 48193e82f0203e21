import assert from "node:assert/strict";
import { test } from "node:test";

import { around, labelled, short } from "../../static/charts/scale.js";
import { ends, partAt, stacked } from "../../static/charts/stack.js";
import { readTable } from "../../static/charts/table.js";

const parts = [
  { up: [40, 0], down: [0, 0] },
  { up: [2, 0], down: [12, 3] },
  { up: [0, 0], down: [1, 0] },
];

test("parts are stacked upwards and downwards from zero", () => {
  const bars = stacked(parts);
  assert.deepEqual(bars[0], [
    { part: 0, from: 0, to: 40 },
    { part: 1, from: 40, to: 42 },
    { part: 1, from: 0, to: -12 },
    { part: 2, from: -12, to: -13 },
  ]);
  assert.deepEqual(ends(bars), [-13, 42]);
  assert.deepEqual([partAt(bars[0], 41), partAt(bars[0], -12.5), partAt(bars[0], 50), partAt(bars[1], 1)], [1, 2, null, null]);
});

test("nothing has no parts, and an axis nevertheless", () => {
  assert.deepEqual([stacked([]), ends([])], [[], [0, 0]]);
  assert.deepEqual([around(0, 0, { zero: true }), around(null, null), around(5, 5)], [[0, 1], [0, 1], [4.5, 5.5]]);
});

test("bars begin at zero, and a line has room on both sides", () => {
  assert.deepEqual(around(0, 100, { zero: true }), [0, 106]);
  assert.deepEqual(around(100, 200), [94, 206]);
});

test("labels never touch, whatever the width", () => {
  for (const [count, width, widest] of [[30, 1200, 40], [30, 300, 40], [25, 300, 30], [157, 320, 60], [1, 300, 40]]) {
    const shown = labelled(count, width, widest);
    assert.equal(shown[0], 0);
    assert.ok(shown.at(-1) < count);
    shown.slice(1).forEach((place, at) => {
      assert.ok((place - shown[at]) * (width / count) >= widest + 12, `${count} bars on ${width} px`);
    });
  }
  assert.deepEqual([labelled(0, 300, 40), labelled(5, 0, 40)], [[], []]);
});

test("numbers on an axis are short", () => {
  assert.deepEqual([short(0), short(-1500), short(0.25), short(1_200_000)], ["0", "-1.5K", "0.25", "1.2M"]);
});

const cell = (textContent, dataset = {}, href = null) => ({
  textContent, dataset, querySelector: () => (href === null ? null : { href }),
});

test("a table's rows are bars with parts, words and links", () => {
  const table = {
    tHead: { rows: [{ cells: [cell("Day"), cell("In"), cell("Sold", { group: "sold" })] }] },
    tBodies: [{ rows: [
      { dataset: { short: "27 Nov" }, cells: [cell("Fri 27 Nov", {}, "/audit?q=a"), cell("0"), cell(" −3 ", { up: "0", down: "3" }, "/audit?q=b")] },
      { dataset: { short: "28 Nov" }, cells: [cell("Sat 28 Nov"), cell("1,234.5", { value: "1234.5" }), cell("–")] },
    ] }],
  };
  assert.deepEqual(readTable(table), {
    rows: [
      { short: "27 Nov", words: "Fri 27 Nov: Sold −3", href: "/audit?q=a" },
      { short: "28 Nov", words: "Sat 28 Nov: In 1,234.5", href: null },
    ],
    parts: [{ group: "sold", up: [0, 0], down: [3, 0], hrefs: ["/audit?q=b", null] }],
    values: [null, 1234.5],
  });
});
