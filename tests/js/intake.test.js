import assert from "node:assert/strict";
import { test } from "node:test";

import { createDedupe } from "../../static/live/dedupe.js";
import { createIntake } from "../../static/live/intake.js";
import { createClock } from "./clock.js";

const event = (id, kind = "updated") => ({ id, kind, occurred_at: `at ${id}` });
const frame = (id, kind) => ({ name: "change", id: `c-${id}`, data: JSON.stringify({ data: event(id, kind) }) });

function started() {
  const clock = createClock();
  const told = [];
  const loads = [];
  const intake = createIntake({
    dedupe: createDedupe(),
    load: () => new Promise((resolve, reject) => loads.push({ resolve, reject })),
    onEvents: (events) => told.push(...events.map(({ id }) => id)),
    onGap: (time) => told.push(`gap before ${time}`),
    clock,
  });
  const page = (...ids) => ({ events: ids.map((id) => event(id)), complete: false });
  return { clock, intake, told, loads, page };
}

test("an event is told once, an internal one never", () => {
  const { intake, told } = started();
  for (const [id, kind] of [["a"], ["b", "internal"], ["a"], ["c"]]) intake.receive(frame(id, kind));
  assert.deepEqual(told, ["a", "c"]);
});

test("after a reset what the page missed comes before what came meanwhile", async () => {
  const { clock, intake, told, loads, page } = started();
  intake.receive(frame("a"));
  intake.receive({ name: "reset" });
  intake.receive(frame("e"));
  assert.deepEqual(told, ["a"]);
  loads[0].resolve(page("f", "e", "d", "b", "a"));
  await clock.settle();
  assert.deepEqual(told, ["a", "b", "d", "e", "f"]);
  intake.receive(frame("f"));
  intake.receive(frame("g"));
  assert.deepEqual(told.slice(-1), ["g"]);
});

test("a page that does not reach back to what is known leaves a gap that is told", async () => {
  const { clock, intake, told, loads, page } = started();
  intake.receive(frame("a"));
  intake.catchUp();
  loads[0].resolve(page("z", "y"));
  await clock.settle();
  assert.deepEqual(told, ["a", "gap before at y", "y", "z"]);
});

test("a page that holds all there is leaves no gap", async () => {
  const { clock, intake, told, loads } = started();
  intake.catchUp();
  loads[0].resolve({ events: [event("b"), event("a")], complete: true });
  await clock.settle();
  assert.deepEqual(told, ["a", "b"]);
});

test("a page that cannot be read is asked for again, and nothing is lost meanwhile", async () => {
  const { clock, intake, told, loads, page } = started();
  intake.receive(frame("a"));
  intake.catchUp();
  loads[0].reject(new Error("HTTP 503"));
  await clock.settle();
  intake.receive(frame("c"));
  clock.advance(1000);
  await clock.settle();
  loads[1].resolve(page("b", "a"));
  await clock.settle();
  assert.deepEqual(told, ["a", "b", "c"]);
});

test("a second reset while the page is being read has it read again", async () => {
  const { clock, intake, told, loads, page } = started();
  intake.receive(frame("a"));
  intake.catchUp();
  intake.receive({ name: "reset" });
  loads[0].resolve(page("a"));
  await clock.settle();
  loads[1].resolve(page("b", "a"));
  await clock.settle();
  assert.deepEqual(told, ["a", "b"]);
});

test("what is held is bounded, and what it drops is told", async () => {
  const { clock, intake, told, loads, page } = started();
  intake.receive(frame("a"));
  intake.catchUp();
  for (let number = 0; number < 600; number += 1) intake.receive(frame(`n${number}`));
  loads[0].resolve(page("a"));
  await clock.settle();
  assert.equal(told[1], "gap before at a");
  assert.equal(told.length, 2 + 500);
});
