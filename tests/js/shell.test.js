import assert from "node:assert/strict";
import { test } from "node:test";

import { counted, newer, numberedIcon, told } from "../../static/shell/alert_news.js";
import { isForPage, labels, onKey, press } from "../../static/shell/keys.js";
import { wholeTime } from "../../static/shell/moment.js";
import { createTimes, recent } from "../../static/shell/times.js";

const NOW = Date.parse("2026-03-10T12:00:00Z");
const ago = (seconds) => recent(NOW - seconds * 1000, NOW);

test("a time within the hour is an age", () => {
  assert.equal(ago(3), "now");
  assert.equal(ago(-20), "now"); // the reader's clock is a little late
  assert.equal(ago(23), "20 s ago");
  assert.equal(ago(185), "3 min ago");
  assert.equal(ago(3600), null);
  assert.equal(ago(-120), null);
});

test("an older time is hours, or the date of another day", () => {
  const { show } = createTimes("UTC");
  const text = (dateTime, dataset = {}) => {
    const element = { dateTime, dataset, textContent: "as it was", removeAttribute() {} };
    show(element, NOW);
    return element.textContent;
  };
  assert.equal(text("2026-03-10T09:30:00Z"), "2 h ago");
  assert.equal(text("2026-03-10T15:30:00Z"), "15:30"); // planned
  assert.equal(text("2026-03-09T23:59:00Z"), "9 Mar");
  assert.equal(text("2025-12-31T23:59:00Z"), "2025-12-31");
  assert.equal(text("2026-03-10"), "as it was"); // the heading of a day
  assert.equal(text("2026-03-10T09:30:00Z", { fixed: "" }), "as it was");
});

test("a whole time names both zones, or one if they are the same", () => {
  assert.equal(wholeTime(NOW, "UTC", "UTC"), "Tue, 10 Mar 2026, 12:00:00 (UTC)");
  assert.equal(
    wholeTime(NOW, "Asia/Tokyo", "UTC"),
    "Tue, 10 Mar 2026, 21:00:00 here (Asia/Tokyo)\nTue, 10 Mar 2026, 12:00:00 in the shop (UTC)",
  );
});

/** A key press on an element that lies within those that match `within`. */
function pressed(key, within = "", more = {}) {
  const target = { closest: (selector) => (selector.split(", ").includes(within) ? target : null) };
  return { key, target, ...more };
}

test("keys belong to the page unless somebody types, or presses what has the focus", () => {
  assert.ok(isForPage(pressed("u")));
  assert.ok(isForPage(pressed("?", "button", { shiftKey: true })));
  assert.ok(!isForPage(pressed("u", "input")));
  assert.ok(!isForPage(pressed("u", "textarea")));
  assert.ok(!isForPage(pressed(" ", "button")));
  assert.ok(!isForPage(pressed("Enter", "a[href]")));
  for (const modifier of ["ctrlKey", "altKey", "metaKey", "repeat", "isComposing", "defaultPrevented"]) {
    assert.ok(!isForPage(pressed("u", "", { [modifier]: true })), modifier);
  }
});

test("the newest action of a key comes first, and may leave it to the next", () => {
  const done = [];
  onKey("x", "First", () => void done.push("first"));
  onKey(" ", "Pause", () => false);
  onKey("x", "Second", (event) => (event.mine ? void done.push("second") : false));
  assert.ok(press({ key: "x", mine: true }));
  assert.ok(press({ key: "x" }));
  assert.ok(!press({ key: " " }));
  assert.ok(!press({ key: "y" }));
  assert.deepEqual(done, ["second", "first"]);
  assert.deepEqual(labels(), [["x", "Second"], ["Space", "Pause"]]);
});

const alert = (name, kind, since, stock = 2) => ({ product_id: name, product_name: null, kind, since, stock });

test("a sentence names the new alerts, and only those", () => {
  const all = [alert("Mug", "low", "2026-03-02"), alert("Pan", "out", "2026-03-01"), alert("Pot", "negative", "2026-02-01")];
  assert.equal(told(newer(all, "2026-03-01")), "Mug is low: 2 left.");
  assert.equal(told(all.slice(1, 2)), "Pan is out of stock.");
  assert.equal(told(all), "3 new alerts: Mug, Pan, Pot.");
  assert.equal(told([...all, all[0]]), "4 new alerts: Mug, Pan, Pot and more.");
  assert.equal(counted(20), "20+");
  assert.ok(decodeURIComponent(numberedIcon(12)).includes(">9+<"));
});
