import assert from "node:assert/strict";
import { test } from "node:test";

import { createDedupe } from "../../static/stream/dedupe.js";
import { createIntake } from "../../static/stream/intake.js";
import { createClock } from "./clock.js";

const data = (number, kind = "updated") => ({ id: `e${number}`, kind, occurred_at: `at ${number}` });
const at = (number) => `c${String(number).padStart(4, "0")}`;
const change = (number, kind) => ({
  name: "change", id: at(number), data: JSON.stringify({ data: data(number, kind) }),
});
const hello = (from, head) => ({
  name: "hello", id: at(from), data: JSON.stringify({ cursor: at(from), head: at(head) }),
});
const heartbeat = (number) => ({ name: "heartbeat", id: at(number), data: "{}" });
const reset = (number) => ({ name: "reset", id: at(number), data: "{}" });
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

// A tab that was rendered at cursor c10, with what it shows, reports, reads and opens.
function started({ seen = [] } = {}) {
  const clock = createClock();
  const tab = { output: [], caughtUp: [], catchingUp: [], counted: [], loads: [], streams: [], clock };
  const dedupe = createDedupe();
  for (const number of seen) dedupe.first(`e${number}`);
  tab.intake = createIntake({
    dedupe,
    cursor: at(10),
    connect(after, send) {
      const stream = { after, send, closed: false, close: () => (stream.closed = true) };
      tab.streams.push(stream);
      return stream;
    },
    load: (after) => new Promise((resolve, reject) => tab.loads.push({ after, resolve, reject })),
    onEvents(events) {
      tab.output.push(...events.map(({ id }) => Number(id.slice(1))));
      tab.counted.push(...events.filter(({ counted }) => counted).map(({ id }) => Number(id.slice(1))));
    },
    onGap: (time) => tab.output.push(`gap before ${time}`),
    onCatchingUp: (count) => tab.catchingUp.push(count),
    onCaughtUp: (report) => tab.caughtUp.push(report),
    clock,
  });
  tab.receive = (...frames) => frames.forEach(tab.intake.receive);
  tab.changes = (first, last) => tab.receive(...range(first, last).map((number) => change(number)));
  tab.live = () => {
    tab.receive(hello(10, 10));
    tab.intake.markLive();
  };
  tab.own = () => tab.streams.at(-1);
  tab.send = (...frames) => frames.forEach((frame) => tab.own().closed || tab.own().send(frame));
  tab.loaded = async (numbers, missed) => {
    const events = numbers.map((number) => ({ cursor: at(number), data: data(number) }));
    tab.loads.at(-1).resolve({ events: events.reverse(), missed });
    await clock.settle();
  };
  return tab;
}

test("an event is passed on once, an internal one never", () => {
  const tab = started({ seen: [10] });
  tab.receive(change(10), change(11), change(12, "internal"), change(11), change(13));
  assert.deepEqual(tab.output, [11, 13]);
});

test("an event up to the page's cursor is in its sums already", () => {
  const tab = started();
  tab.changes(9, 12);
  assert.deepEqual(tab.counted, [9, 10]);
});

test("a tab that is behind the shared stream catches up from its own cursor", () => {
  const tab = started();
  tab.intake.catchUp(at(14));
  tab.receive(change(16)); // 11 to 15 were sent before this tab joined
  assert.equal(tab.own().after, at(10));
  tab.send(hello(10, 16), ...range(11, 15).map((number) => change(number)));
  assert.deepEqual(tab.output, range(11, 15));
  tab.send(change(16));
  assert.ok(tab.own().closed);
  tab.changes(17, 18);
  assert.deepEqual(tab.output, range(11, 18));
  assert.deepEqual(tab.loads, []);
});

test("what its own stream sent before it was closed is not taken after that", () => {
  const tab = started();
  tab.intake.catchUp(at(12));
  tab.send(hello(10, 12), change(11), change(12));
  const before = tab.catchingUp.length;
  for (const late of [hello(12, 20), change(13)]) tab.own().send(late);
  assert.deepEqual([tab.output, tab.catchingUp.length], [[11, 12], before]);
  tab.changes(13, 14);
  assert.deepEqual(tab.output, range(11, 14));
});

test("a tab that missed nothing after all follows at once", () => {
  const tab = started();
  tab.intake.catchUp(at(7)); // another web process has the same events in another order
  tab.send(hello(10, 10));
  assert.ok(tab.own().closed);
  tab.changes(11, 12);
  assert.deepEqual(tab.output, [11, 12]);
});

test("a tab that is ahead of the shared stream shows nothing twice", () => {
  const tab = started({ seen: range(1, 10) });
  tab.intake.catchUp(at(8));
  tab.changes(9, 11);
  tab.send(hello(10, 11), change(11));
  tab.changes(12, 13);
  assert.deepEqual(tab.output, [11, 12, 13]);
});

test("a leader that resumes from before the page was rendered repeats nothing that the page shows", () => {
  const tab = started();
  tab.receive(hello(4, 12));
  tab.changes(5, 12);
  assert.deepEqual(tab.output, [11, 12]);
});

test("its own stream goes on until it has what the shared stream had sent before", () => {
  const tab = started();
  tab.intake.catchUp(at(13)); // the shared stream is of a web process that is a little ahead
  tab.send(hello(10, 12), change(11), change(12));
  assert.ok(!tab.own().closed);
  tab.send(change(13));
  assert.ok(tab.own().closed);
});

test("a heartbeat ends a catch-up whose last event has another cursor", () => {
  const tab = started();
  tab.intake.catchUp(at(12));
  tab.send(hello(10, 14), change(11), change(12), heartbeat(12));
  assert.ok(tab.own().closed);
});

test("what does not fit while it catches up comes with its own stream", () => {
  const tab = started();
  tab.intake.catchUp(at(11));
  tab.changes(12, 611); // 100 more than are held
  tab.send(hello(10, 11), ...range(11, 111).map((number) => change(number)));
  assert.deepEqual(tab.output, range(11, 611));
  assert.ok(tab.own().closed);
});

test("frames missed in the middle are caught up and reported", () => {
  const tab = started();
  tab.live();
  tab.changes(11, 12);
  tab.intake.catchUp(at(15));
  tab.receive(change(15));
  assert.equal(tab.own().after, at(12));
  tab.send(hello(12, 15), change(13), change(14), change(15));
  assert.deepEqual(tab.output, range(11, 15));
  assert.deepEqual(tab.catchingUp, [0, null, 0, 1, 2, 3, null]);
  assert.deepEqual(tab.caughtUp, [{ caughtUp: 3, missed: 0 }]);
});

test("a reconnection of the shared stream is reported when the newest change has come", () => {
  const tab = started();
  tab.live();
  tab.receive(change(11));
  assert.deepEqual(tab.caughtUp, []); // the first connection is no interruption
  tab.receive(hello(11, 14), change(12), change(13));
  assert.deepEqual(tab.caughtUp, []);
  tab.receive(change(14));
  assert.deepEqual(tab.caughtUp, [{ caughtUp: 3, missed: 0 }]);
  tab.changes(15, 16);
  tab.receive(hello(16, 16)); // an old connection was replaced
  assert.deepEqual(tab.caughtUp.at(-1), { caughtUp: 0, missed: 0 });
  assert.equal(tab.streams.length, 0);
});

test("a tab that joins behind the others reports no interruption", () => {
  const tab = started();
  tab.intake.catchUp(at(11));
  tab.intake.markLive();
  tab.send(hello(10, 11), change(11));
  assert.deepEqual(tab.catchingUp, [0, 1, null]);
  assert.deepEqual(tab.caughtUp, []);
});

test("after a reset the newest page is shown, and the events from there on", async () => {
  const tab = started();
  tab.live();
  tab.receive(change(11), reset(9000));
  tab.receive(change(9001)); // held: the page may be older than the reset's cursor
  assert.equal(tab.loads[0].after, at(11));
  await tab.loaded(range(8700, 8899), 8488);
  assert.deepEqual(tab.output, [11, "gap before at 8700", ...range(8700, 8899)]);
  assert.equal(tab.own().after, at(8899));
  tab.send(hello(8899, 9001), ...range(8900, 9001).map((number) => change(number)));
  tab.changes(9002, 9002);
  assert.deepEqual(tab.output.slice(-103), range(8900, 9002));
  assert.deepEqual(tab.caughtUp, [{ caughtUp: 302, missed: 8488 }]);
});

test("after a reset a page that has all events leaves no gap", async () => {
  const tab = started();
  tab.live();
  tab.receive(reset(13));
  await tab.loaded(range(11, 13), 0);
  tab.send(hello(13, 13));
  assert.deepEqual(tab.output, [11, 12, 13]);
  assert.deepEqual(tab.caughtUp, [{ caughtUp: 3, missed: 0 }]);
});

test("a page that cannot be read is requested again, and nothing is lost meanwhile", async () => {
  const tab = started();
  tab.live();
  tab.receive(reset(11));
  tab.loads[0].reject(new Error("HTTP 503"));
  await tab.clock.settle();
  tab.receive(change(12), reset(12));
  tab.clock.advance(1000);
  await tab.clock.settle();
  await tab.loaded([11], 0);
  tab.send(hello(11, 12), change(12));
  assert.deepEqual(tab.output, [11, 12]);
  assert.equal(tab.loads.length, 2);
});

test("pages that are too old to continue from are read once a second", async () => {
  const tab = started();
  tab.live();
  tab.receive(reset(9000));
  await tab.loaded([3000], null);
  tab.send(reset(9000));
  assert.ok(tab.own().closed);
  assert.equal(tab.loads.length, 1);
  await tab.clock.settle();
  tab.clock.advance(1000);
  await tab.clock.settle();
  assert.equal(tab.loads.length, 2);
  await tab.loaded([9000], 5999);
  tab.send(hello(9000, 9000));
  assert.deepEqual(tab.output, ["gap before at 3000", 3000, "gap before at 9000", 9000]);
  assert.deepEqual(tab.caughtUp, [{ caughtUp: 2, missed: null }]);
});
