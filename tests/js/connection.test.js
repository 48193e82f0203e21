import assert from "node:assert/strict";
import { test } from "node:test";

import { createConnection, SILENCE_LIMIT } from "../../static/stream/connection.js";
import { createClock } from "./clock.js";
import { createSources } from "./fakes.js";

function connected({ probe = async () => "reconnecting", cursor = "c0" } = {}) {
  const clock = createClock();
  const sources = createSources();
  const states = [];
  const frames = [];
  const connection = createConnection({
    cursor, open: sources.open, probe, clock, now: clock.now, random: () => 1,
    onFrame: (frame) => frames.push(frame),
    onState: (state) => states.push(state),
  });
  return { clock, sources, states, frames, connection };
}

test("the state is live only after the first message", () => {
  const { sources, states } = connected();
  assert.deepEqual(states, ["connecting"]);
  sources.last().send("hello", "c9", { cursor: "c9" });
  assert.deepEqual(states, ["connecting", "live"]);
});

test("after an error it reconnects with the last event's cursor", () => {
  const { clock, sources, states } = connected();
  sources.last().send("hello", "c0");
  sources.last().send("change", "c1", "{}");
  sources.last().fail(); // as with a 502 page, which closes an EventSource permanently
  assert.equal(sources.all[0].closed, true);
  assert.equal(states.at(-1), "reconnecting");
  clock.advance(500);
  assert.equal(sources.all.length, 2);
  assert.equal(sources.last().cursor, "c1");
  assert.equal(states.at(-1), "reconnecting"); // connecting is not live
  sources.last().send("hello", "c1");
  assert.equal(states.at(-1), "live");
});

test("the delay grows to 15 seconds", () => {
  const { clock, sources } = connected();
  const waits = [];
  for (let failure = 0; failure < 8; failure += 1) {
    const opened = sources.all.length;
    const since = clock.now();
    sources.last().fail();
    while (sources.all.length === opened) clock.advance(100);
    waits.push(clock.now() - since);
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
});

test("silence counts as an error; a heartbeat ends the silence", () => {
  const { clock, sources, states } = connected();
  sources.last().send("hello", "c0");
  clock.advance(SILENCE_LIMIT - 1000);
  sources.last().send("heartbeat", "c5");
  clock.advance(SILENCE_LIMIT);
  assert.equal(states.at(-1), "live");
  clock.advance(10_000);
  assert.ok(states.includes("reconnecting"));
  assert.equal(sources.last().cursor, "c5"); // a heartbeat's id is this client's cursor
});

test("a hello before backfilled events does not move the cursor", () => {
  const { clock, sources } = connected();
  sources.last().send("hello", "c9", { cursor: "c9" });
  sources.last().fail();
  clock.advance(500);
  assert.equal(sources.last().cursor, "c0");
});

test("a client without a cursor takes the cursor of the hello", () => {
  const { clock, sources } = connected({ cursor: "" });
  sources.last().send("hello", "c9", { cursor: "c9" });
  sources.last().fail();
  clock.advance(500);
  assert.equal(sources.last().cursor, "c9");
});

test("a reset sets the cursor that the server sends", () => {
  const { clock, sources, frames } = connected();
  sources.last().send("reset", "", { cursor: "c7" });
  assert.deepEqual(frames.map(({ name, id }) => [name, id]), [["reset", "c7"]]);
  sources.last().fail();
  clock.advance(500);
  assert.equal(sources.last().cursor, "c7");
});

test("a heartbeat reports an unavailable store while the stream stays open", () => {
  const { sources, states } = connected();
  sources.last().send("hello", "c0");
  sources.last().send("heartbeat", "c0", { store: "the engine does not answer" });
  assert.equal(states.at(-1), "unavailable");
  sources.last().send("heartbeat", "c0", { store: "ok" });
  assert.equal(states.at(-1), "live");
});

test("a hello alone does not show that the store is available", async () => {
  let verdict = "unavailable";
  const { clock, sources, states } = connected({ probe: async () => verdict });
  sources.last().fail();
  await clock.settle();
  assert.equal(states.at(-1), "unavailable");
  clock.advance(500);
  sources.last().send("hello", "c0");
  await clock.settle();
  assert.equal(states.at(-1), "unavailable");
  verdict = "reconnecting";
  sources.last().fail();
  await clock.settle();
  clock.advance(1000);
  sources.last().send("hello", "c0");
  await clock.settle();
  assert.equal(states.at(-1), "live");
});

test("an unreachable server is offline after a few tries, not after the first", async () => {
  const { clock, sources, states } = connected({ probe: async () => "offline" });
  for (const wait of [500, 1000]) {
    sources.last().fail();
    await clock.settle();
    assert.equal(states.at(-1), "reconnecting");
    clock.advance(wait);
  }
  sources.last().fail();
  await clock.settle();
  assert.equal(states.at(-1), "offline");
});

test("a probe result that arrives after a message is ignored", async () => {
  let answer;
  const { clock, sources, states } = connected({ probe: () => new Promise((resolve) => (answer = resolve)) });
  sources.last().fail();
  clock.advance(500);
  sources.last().send("hello", "c0");
  answer("offline");
  await clock.settle();
  assert.equal(states.at(-1), "live");
});

test("messages of a closed source are ignored", () => {
  const { clock, sources, frames } = connected();
  const first = sources.last();
  first.fail();
  clock.advance(500);
  first.send("change", "c1", "{}");
  assert.deepEqual(frames.filter(({ name }) => name !== "retry"), []);
});

test("a failure says when the next try is", () => {
  const { clock, sources, frames, connection } = connected();
  sources.last().fail();
  assert.deepEqual([frames.at(-1).name, JSON.parse(frames.at(-1).data)], ["retry", { at: clock.now() + 500 }]);
  clock.advance(100);
  connection.hurry();
  assert.equal(JSON.parse(frames.at(-1).data).at, clock.now());
});

test("hurry reconnects at once", () => {
  const { clock, sources, connection } = connected();
  sources.last().fail();
  connection.hurry();
  assert.equal(sources.all.length, 2);
  clock.advance(60_000);
  connection.close();
  const opened = sources.all.length;
  clock.advance(60_000);
  assert.equal(sources.all.length, opened);
});
