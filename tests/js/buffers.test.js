import assert from "node:assert/strict";
import { test } from "node:test";

import { createAnnouncer } from "../../static/live/announce.js";
import { createBuffer } from "../../static/live/buffer.js";
import { createDedupe } from "../../static/live/dedupe.js";
import { passes } from "../../static/live/filter.js";
import { pillState } from "../../static/live/pill.js";
import { createScheduler } from "../../static/live/schedule.js";
import { createClock } from "./clock.js";

const fill = (buffer, count) => {
  for (let item = 1; item <= count; item += 1) buffer.push(item);
};

test("an id is new once, until 10,000 others came", () => {
  const dedupe = createDedupe(3);
  assert.deepEqual(["a", "b", "a", "c"].map(dedupe.first), [true, true, false, true]);
  dedupe.first("d");
  assert.equal(dedupe.has("a"), false);
  assert.equal(dedupe.has("b"), true);
});

test("a pause within the cap loses nothing and keeps the order", () => {
  const buffer = createBuffer(5);
  buffer.push(0);
  buffer.pause();
  fill(buffer, 4);
  assert.equal(buffer.count, 5);
  assert.deepEqual(buffer.take(), { items: [], skipped: 0 });
  buffer.resume();
  assert.deepEqual(buffer.take(), { items: [0, 1, 2, 3, 4], skipped: 0 });
  assert.deepEqual(buffer.take(), { items: [], skipped: 0 });
});

test("past the cap a pause keeps the newest and counts the others", () => {
  const buffer = createBuffer(5);
  buffer.pause();
  fill(buffer, 23);
  assert.equal(buffer.count, 23);
  assert.ok(buffer.size < 10);
  buffer.resume();
  assert.deepEqual(buffer.take(), { items: [19, 20, 21, 22, 23], skipped: 18 });
});

test("a live burst past the cap is bounded and not called skipped", () => {
  const buffer = createBuffer(5);
  fill(buffer, 1000);
  assert.ok(buffer.size < 10);
  assert.deepEqual(buffer.take(), { items: [996, 997, 998, 999, 1000], skipped: 0 });
});

test("a filter looks at kind and text, and knows changes from outside", () => {
  const row = { kind: "deleted", outside: true, text: "Blue Kettle P-1" };
  assert.ok(passes({ kind: "", query: "" }, row));
  assert.ok(passes({ kind: "deleted", query: "kettle" }, row));
  assert.ok(passes({ kind: "outside", query: "" }, row));
  assert.ok(!passes({ kind: "inserted", query: "" }, row));
  assert.ok(!passes({ kind: "", query: "cup" }, row));
});

test("the pill never hides a broken connection behind a pause", () => {
  assert.equal(pillState("live", true), "paused");
  for (const state of ["connecting", "reconnecting", "offline", "unavailable"]) {
    assert.equal(pillState(state, true), state);
  }
});

test("announcements are throttled to a summary", () => {
  const clock = createClock();
  const said = [];
  const announce = createAnnouncer((text) => said.push(text), clock, 100);
  announce(1, "Tea, 1 to 2");
  clock.advance(50);
  announce(6, "Cup, 3 to 2");
  assert.deepEqual(said, []);
  clock.advance(50);
  assert.deepEqual(said, ["7 changes. Latest: Cup, 3 to 2."]);
  clock.advance(1000);
  assert.equal(said.length, 1);
});

test("a flush comes once a frame, and by a timer where frames never come", () => {
  const clock = createClock();
  const frames = [];
  let flushes = 0;
  const view = {
    ...clock,
    requestAnimationFrame: (run) => frames.push(run),
    cancelAnimationFrame: () => frames.splice(0),
  };
  const schedule = createScheduler(() => (flushes += 1), view);
  schedule();
  schedule();
  assert.equal(frames.length, 1);
  frames[0]();
  assert.equal(flushes, 1);
  schedule(); // hidden now: the frame does not come
  clock.advance(1000);
  assert.equal(flushes, 2);
  assert.equal(frames.length, 0);
});
