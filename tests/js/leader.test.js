import assert from "node:assert/strict";
import { test } from "node:test";

import { joinStream } from "../../static/stream/leader.js";
import { createClock } from "./clock.js";
import { createBrowser } from "./fakes.js";

// Tabs of one browser; each records its connections, frames and states.
function createWorld(browser = createBrowser()) {
  const clock = createClock();
  let count = 0;

  function open(cursor = "c0", { hidden = false } = {}) {
    const tab = { connections: [], frames: [], states: [], holes: [], posted: [], hurried: 0, checked: 0, hidden };
    let channel = null;
    class Channel extends browser.Channel {
      constructor(name) {
        super(name);
        channel = this;
      }

      postMessage(message) {
        tab.posted.push(message);
        super.postMessage(message);
      }
    }
    tab.joined = joinStream({
      name: "n", cursor, clock, now: clock.now, locks: browser.locks, Channel,
      defer: queueMicrotask,
      identity: () => `tab-${(count += 1)}`,
      isHidden: () => tab.hidden,
      connect(from, onFrame, onState) {
        const connection = {
          from, closed: false, onFrame, onState,
          close: () => (connection.closed = true),
          hurry: () => (tab.hurried += 1),
          check: () => (tab.checked += 1),
        };
        tab.connections.push(connection);
        onState("connecting");
        return connection;
      },
      onFrame: (frame) => tab.frames.push(frame.id),
      onState: (state) => tab.states.push(state),
      onHole: (goal) => tab.holes.push(goal),
    });
    tab.freeze = () => (channel.frozen = true);
    tab.thaw = () => (channel.frozen = false);
    tab.live = () => tab.connections.filter((each) => !each.closed);
    return tab;
  }

  const send = (tab, id) => tab.live()[0].onFrame({ name: "change", id, data: "{}" });
  return { clock, open, send };
}

test("one tab opens the stream, and the others get its frames and state", async () => {
  const { clock, open, send } = createWorld();
  const tabs = [open(), open(), open()];
  await clock.settle();
  assert.deepEqual(tabs.map((tab) => tab.live().length), [1, 0, 0]);
  tabs[0].live()[0].onState("live");
  send(tabs[0], "c1");
  send(tabs[0], "c2");
  await clock.settle();
  for (const tab of tabs) {
    assert.deepEqual(tab.frames, ["c1", "c2"]);
    assert.equal(tab.states.at(-1), "live");
    assert.deepEqual(tab.holes, []);
  }
});

test("frames that arrive together reach the other tabs in one message, and none is left behind", async () => {
  const { clock, open, send } = createWorld();
  const [leader, follower] = [open(), open()];
  await clock.settle();
  leader.live()[0].onState("live");
  for (let n = 1; n <= 150; n += 1) send(leader, `c${n}`);
  leader.live()[0].onState("unavailable");
  send(leader, "c151");
  await clock.settle();
  send(leader, "c152");
  leader.joined.close();
  await clock.settle();
  assert.deepEqual(follower.frames, Array.from({ length: 152 }, (_, n) => `c${n + 1}`));
  assert.deepEqual(follower.holes, []);
  const sizes = leader.posted.filter(({ type }) => type === "frames").map(({ frames }) => frames.length);
  assert.deepEqual(sizes, [100, 50, 1, 1]);
});

test("a leader alone sends no frames to anybody, and a tab that opens later misses none", async () => {
  const { clock, open, send } = createWorld();
  const leader = open();
  await clock.settle();
  clock.advance(1_000);
  await clock.settle();
  send(leader, "c1");
  await clock.settle();
  assert.ok(!leader.posted.some(({ type }) => type === "frames"));
  const [current, late] = [open("c1"), open("c0")];
  await clock.settle();
  send(leader, "c2");
  await clock.settle();
  assert.deepEqual([current.frames, current.holes], [["c2"], []]);
  assert.deepEqual([late.frames, late.holes], [["c2"], ["c1"]]);
  clock.advance(1_000);
  await clock.settle();
  send(leader, "c3");
  await clock.settle();
  assert.deepEqual(current.frames, ["c2", "c3"]);
});

test("a tab that receives frames after missing some catches up to the first of them", async () => {
  const { clock, open, send } = createWorld();
  const [leader, follower] = [open(), open()];
  await clock.settle();
  leader.freeze();
  send(leader, "c1");
  await clock.settle();
  leader.thaw();
  send(leader, "c2");
  send(leader, "c3");
  await clock.settle();
  assert.deepEqual(follower.holes, ["c2"]);
  assert.deepEqual(follower.frames, ["c2", "c3"]);
});

test("when the leader closes, the next tab resumes after its own last frame", async () => {
  const { clock, open, send } = createWorld();
  const [first, second, third] = [open(), open(), open()];
  await clock.settle();
  send(first, "c1");
  await clock.settle();
  first.joined.close();
  await clock.settle();
  assert.equal(second.live()[0].from, "c1");
  assert.equal(third.live().length, 0);
  send(second, "c2");
  await clock.settle();
  assert.deepEqual(third.frames, ["c1", "c2"]);
  assert.deepEqual(third.holes, []);
});

test("a tab that opens behind the leader's last frame catches up", async () => {
  const { clock, open, send } = createWorld();
  const first = open("c0");
  await clock.settle();
  send(first, "c5");
  await clock.settle();
  const late = open("c4");
  const current = open("c5");
  await clock.settle();
  assert.deepEqual(late.holes, ["c5"]);
  assert.deepEqual(current.holes, []);
});

test("a follower detects missing frames by their numbers", async () => {
  const { clock, open, send } = createWorld();
  const [first, second] = [open(), open()];
  await clock.settle();
  send(first, "c1");
  await clock.settle();
  second.freeze();
  send(first, "c2");
  await clock.settle();
  second.thaw();
  send(first, "c3");
  await clock.settle();
  assert.deepEqual(second.holes, ["c3"]);
  assert.deepEqual(second.frames, ["c1", "c3"]);
});

test("a frozen leader is replaced, and follows when it resumes", async () => {
  const { clock, open, send } = createWorld();
  const [first, second] = [open(), open()];
  await clock.settle();
  send(first, "c1");
  await clock.settle();
  first.freeze();
  clock.advance(10_000); // silence, then an unanswered question
  await clock.settle();
  assert.equal(second.live()[0].from, "c1");
  first.thaw();
  assert.equal(first.live().length, 0);
  send(second, "c2");
  await clock.settle();
  assert.equal(first.frames.at(-1), "c2");
});

test("a silent leader that answers is not replaced", async () => {
  const { clock, open } = createWorld();
  const [first, second] = [open(), open()];
  await clock.settle();
  for (let minute = 0; minute < 10; minute += 1) {
    clock.advance(50_000);
    await clock.settle();
  }
  assert.equal(first.live().length, 1);
  assert.equal(second.live().length, 0);
});

test("a visible tab does not wait for a hidden leader's slow timers", async () => {
  const { clock, open } = createWorld();
  const hidden = open("c0", { hidden: true });
  const visible = open("c0");
  await clock.settle();
  hidden.live()[0].onState("live");
  await clock.settle();
  hidden.live()[0].onState("reconnecting");
  await clock.settle();
  clock.advance(3_000);
  await clock.settle();
  assert.equal(hidden.live().length, 0);
  assert.equal(visible.live().length, 1);
});

test("without Web Locks each tab opens its own stream", async () => {
  const { clock, open, send } = createWorld({ locks: null, Channel: createBrowser().Channel });
  const tabs = [open("c1"), open("c2")];
  await clock.settle();
  assert.deepEqual(tabs.map((tab) => tab.live()[0].from), ["c1", "c2"]);
  send(tabs[0], "c3");
  assert.deepEqual(tabs.map((tab) => tab.frames), [["c3"], []]);
});

test("a follower's retry reaches the leader, and a silent follower makes it check its connection", async () => {
  const { clock, open } = createWorld();
  const [first, second] = [open(), open()];
  await clock.settle();
  const checked = first.checked;
  second.joined.hurry();
  await clock.settle();
  assert.equal(first.hurried, 1);
  clock.advance(8_000); // no heartbeat has come
  await clock.settle();
  assert.ok(first.checked > checked);
  assert.equal(second.live().length, 0); // the leader answers, so it keeps the stream
});
