import assert from "node:assert/strict";
import { test } from "node:test";

import { createAnnouncer } from "../../static/live/announce.js";
import { createBuffer } from "../../static/stream/buffer.js";
import { createDedupe } from "../../static/stream/dedupe.js";
import { createScheduler } from "../../static/stream/schedule.js";
import { createClock } from "./clock.js";

const fill = (buffer, count) => {
  for (let item = 1; item <= count; item += 1) buffer.push(item);
};

test("an id is new only once, until 10,000 others have been seen", () => {
  const dedupe = createDedupe(3);
  assert.deepEqual(["a", "b", "a", "c"].map(dedupe.first), [true, true, false, true]);
  dedupe.first("d");
  assert.equal(dedupe.has("a"), false);
  assert.equal(dedupe.has("b"), true);
});

test("a pause within the cap keeps all items in order", () => {
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

test("a pause past the cap keeps the newest items and counts the dropped ones", () => {
  const buffer = createBuffer(5);
  buffer.pause();
  fill(buffer, 23);
  assert.equal(buffer.count, 23);
  assert.ok(buffer.size < 10);
  buffer.resume();
  assert.deepEqual(buffer.take(), { items: [19, 20, 21, 22, 23], skipped: 18 });
});

test("a live burst past the cap is bounded, and its dropped items are counted", () => {
  const buffer = createBuffer(5);
  fill(buffer, 1000);
  assert.ok(buffer.size < 10);
  assert.deepEqual(buffer.take(), { items: [996, 997, 998, 999, 1000], skipped: 995 });
});

test("announcements are throttled to a summary", () => {
  const clock = createClock();
  const spoken = [];
  const announce = createAnnouncer((text) => spoken.push(text), clock, 100);
  announce(1, "Tea, 1 to 2");
  clock.advance(50);
  announce(6, "Cup, 3 to 2");
  assert.deepEqual(spoken, []);
  clock.advance(50);
  assert.deepEqual(spoken, ["7 changes. Latest: Cup, 3 to 2."]);
  clock.advance(1000);
  assert.equal(spoken.length, 1);
});

test("there is one flush per frame, or by a timer if there are no frames", () => {
  const clock = createClock();
  const frames = [];
  let flushes = 0;
  const view = {
    ...clock,
    requestAnimationFrame: (run) => frames.push(run),
    cancelAnimationFrame: () => frames.splice(0),
  };
  const schedule = createScheduler(() => (flushes += 1), view, clock.now);
  schedule();
  schedule();
  assert.equal(frames.length, 1);
  frames[0]();
  assert.equal(flushes, 1);
  schedule(); // hidden: no frame comes
  clock.advance(250 + 1000);
  assert.equal(flushes, 2);
  assert.equal(frames.length, 0);
});

test("there are at most four flushes a second, and the first one does not wait", () => {
  const clock = createClock();
  const flushed = [];
  const view = {
    ...clock,
    requestAnimationFrame: (run) => clock.setTimeout(run, 16),
    cancelAnimationFrame: clock.clearTimeout,
  };
  const begun = clock.now();
  const schedule = createScheduler(() => flushed.push(clock.now() - begun), view, clock.now);
  for (let event = 0; event < 1000; event += 1) {
    schedule();
    clock.advance(1);
  }
  assert.deepEqual(flushed, [16, 282, 548, 814]);
});
