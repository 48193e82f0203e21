import assert from "node:assert/strict";
import { test } from "node:test";

import { createDedupe } from "../../static/stream/dedupe.js";
import { createIntake } from "../../static/stream/intake.js";
import { createClock } from "./clock.js";

const event = (id, kind = "updated") => ({ id, kind, occurred_at: `at ${id}` });
const frame = (id, kind) => ({ name: "change", id: `c-${id}`, data: JSON.stringify({ data: event(id, kind) }) });

function started() {
  const clock = createClock();
  const output = [];
  const loads = [];
  const intake = createIntake({
    dedupe: createDedupe(),
    load: () => new Promise((resolve, reject) => loads.push({ resolve, reject })),
    onEvents: (events) => output.push(...events.map(({ id }) => id)),
    onGap: (time) => output.push(`gap before ${time}`),
    clock,
  });
  const page = (...ids) => ({ events: ids.map((id) => event(id)), complete: false });
  return { clock, intake, output, loads, page };
}

test("an event is passed on once, an internal one never", () => {
  const { intake, output } = started();
  for (const [id, kind] of [["a"], ["b", "internal"], ["a"], ["c"]]) intake.receive(frame(id, kind));
  assert.deepEqual(output, ["a", "c"]);
});

test("after a reset, missed events come before those that arrived meanwhile", async () => {
  const { clock, intake, output, loads, page } = started();
  intake.receive(frame("a"));
  intake.receive({ name: "reset" });
  intake.receive(frame("e"));
  assert.deepEqual(output, ["a"]);
  loads[0].resolve(page("f", "e", "d", "b", "a"));
  await clock.settle();
  assert.deepEqual(output, ["a", "b", "d", "e", "f"]);
  intake.receive(frame("f"));
  intake.receive(frame("g"));
  assert.deepEqual(output.slice(-1), ["g"]);
});

test("a page without a known event is reported as a gap", async () => {
  const { clock, intake, output, loads, page } = started();
  intake.receive(frame("a"));
  intake.catchUp();
  loads[0].resolve(page("z", "y"));
  await clock.settle();
  assert.deepEqual(output, ["a", "gap before at y", "y", "z"]);
});

test("a complete page leaves no gap", async () => {
  const { clock, intake, output, loads } = started();
  intake.catchUp();
  loads[0].resolve({ events: [event("b"), event("a")], complete: true });
  await clock.settle();
  assert.deepEqual(output, ["a", "b"]);
});

test("a page that cannot be read is requested again, and nothing is lost meanwhile", async () => {
  const { clock, intake, output, loads, page } = started();
  intake.receive(frame("a"));
  intake.catchUp();
  loads[0].reject(new Error("HTTP 503"));
  await clock.settle();
  intake.receive(frame("c"));
  clock.advance(1000);
  await clock.settle();
  loads[1].resolve(page("b", "a"));
  await clock.settle();
  assert.deepEqual(output, ["a", "b", "c"]);
});

test("a second reset during the read repeats the read", async () => {
  const { clock, intake, output, loads, page } = started();
  intake.receive(frame("a"));
  intake.catchUp();
  intake.receive({ name: "reset" });
  loads[0].resolve(page("a"));
  await clock.settle();
  loads[1].resolve(page("b", "a"));
  await clock.settle();
  assert.deepEqual(output, ["a", "b"]);
});

test("held events are bounded, and dropped ones are reported as a gap", async () => {
  const { clock, intake, output, loads, page } = started();
  intake.receive(frame("a"));
  intake.catchUp();
  for (let number = 0; number < 600; number += 1) intake.receive(frame(`n${number}`));
  loads[0].resolve(page("a"));
  await clock.settle();
  assert.equal(output[1], "gap before at a");
  assert.equal(output.length, 2 + 500);
});
