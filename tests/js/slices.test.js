import assert from "node:assert/strict";
import { test } from "node:test";

import { createSlices } from "../../static/stream/slices.js";

// A browser whose tasks run one by one; each call takes some milliseconds.
function started(takes = 1) {
  let time = 0;
  const tasks = [];
  const made = [];
  const inTurn = createSlices((run) => tasks.push(run), () => time);
  const call = (name) => () => {
    made.push(name);
    time += takes;
  };
  return {
    made,
    tasks,
    inTurn,
    send: (...names) => names.forEach((name) => inTurn(call(name))),
    next() {
      const before = time;
      tasks.shift()();
      return time - before;
    },
  };
}
const range = (count) => Array.from({ length: count }, (_, n) => n);

test("calls are made at once while the task is short", () => {
  const { send, next, made, tasks } = started();
  send(1, 2);
  assert.deepEqual(made, [1, 2]);
  next();
  assert.deepEqual(tasks, []);
  send(3);
  assert.deepEqual(made, [1, 2, 3]);
});

test("a burst is worked off in short tasks, in order, and so is what arrives meanwhile", () => {
  const { send, next, made, tasks } = started();
  send(...range(30));
  assert.equal(made.length, 8);
  assert.ok(next() <= 8);
  send(30);
  assert.deepEqual(made, range(16));
  while (tasks.length > 0) assert.ok(next() <= 8);
  assert.deepEqual(made, range(31));
});

test("a call that fails does not keep the others", () => {
  const { inTurn, send, next, made, tasks } = started();
  send(...range(8));
  inTurn(() => {
    throw new Error("of this call");
  });
  send(8);
  assert.throws(next, /of this call/);
  while (tasks.length > 0) next();
  send(9);
  assert.deepEqual(made, range(10));
});

test("more than 5,000 calls do not wait", () => {
  const { send, made } = started();
  send(...range(5_008));
  assert.equal(made.length, 8);
  send(5_008);
  assert.deepEqual(made, range(5_009));
});
