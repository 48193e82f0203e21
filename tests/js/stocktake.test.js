// Scans wait in the browser until the server has them; quantities are typed on a keypad.

import assert from "node:assert/strict";
import test from "node:test";

import { greyOf, isAnother, obstacle } from "../../static/stocktake/camera.js";
import { isForScanBox } from "../../static/stocktake/focus.js";
import { typed } from "../../static/stocktake/keypad.js";
import { movedText } from "../../static/stocktake/moved.js";
import { isShared, pauseAfter } from "../../static/stocktake/others.js";
import { createQueue, MOST } from "../../static/stocktake/queue.js";
import { run } from "../../static/stocktake/run.js";
import { createSender, meaning } from "../../static/stocktake/sending.js";

function storage() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
}

const answer = (given = {}) => ({ status: 200, isPage: true, error: null, ...given });
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("scans survive a reload, in their order, and go to another list together", () => {
  const disk = storage();
  const queue = createQueue(disk);
  for (const id of ["a", "b", "c"]) assert.ok(queue.add({ id, draft: id === "c" ? "2" : "1" }));
  assert.equal(createQueue(disk).first().id, "a");
  queue.done("a");
  queue.move("1", "3");
  assert.deepEqual(createQueue(disk).first(), { id: "b", draft: "3" });
  for (let number = queue.size; number < MOST; number += 1) queue.add({ id: `${number}` });
  assert.equal(queue.add({ id: "too many" }), false);
});

test("a browser that keeps nothing still sends", () => {
  const queue = createQueue({ getItem: () => { throw new Error("no"); }, setItem: () => { throw new Error("no"); } });
  queue.add({ id: "a" });
  assert.equal(queue.first().id, "a");
  queue.done("a");
  assert.equal(queue.first(), null);
});

test("a full disk loses no scan", () => {
  const disk = storage();
  const { setItem } = disk;
  const queue = createQueue(disk);
  queue.add({ id: "a" });
  disk.setItem = () => { throw new Error("full"); };
  assert.ok(queue.add({ id: "b" }));
  queue.done("a");
  assert.equal(queue.first().id, "b");
  disk.setItem = setItem;
  queue.add({ id: "c" });
  assert.equal(createQueue(disk).size, 2);
});

test("an answer says whether to go on, to try again, or to wait for a person", () => {
  assert.equal(meaning(answer()), "done");
  assert.equal(meaning(answer({ status: 422, error: "invalid-draft" })), "done");
  assert.equal(meaning(answer({ status: 503 })), "again");
  assert.equal(meaning(answer({ status: 429, isPage: false })), "again");
  assert.equal(meaning(answer({ status: 409, error: "draft-closed" })), "closed");
  assert.equal(meaning(answer({ isPage: false })), "stop");
});

test("a scan whose answer is lost is sent again, and the others wait behind it", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const queue = createQueue(storage());
  const sent = [];
  const states = [];
  let isOffline = true;
  const sender = createSender(
    queue,
    async (scan) => {
      sent.push(scan.id);
      if (isOffline) throw new Error("offline");
      return answer();
    },
    () => false,
    (state) => states.push(state),
  );
  queue.add({ id: "a" });
  queue.add({ id: "b" });
  await sender.send();
  assert.deepEqual([sent, queue.size, states.at(-1)], [["a"], 2, "offline"]);
  isOffline = false;
  t.mock.timers.tick(1_000);
  await settled();
  assert.deepEqual([sent, queue.size, states.at(-1)], [["a", "a", "b"], 0, "sent"]);
});

test("while a question is open nothing else is sent", async () => {
  const queue = createQueue(storage());
  const sent = [];
  const sender = createSender(
    queue,
    async (scan) => {
      sent.push(scan.id);
      return answer();
    },
    (scan) => scan.id === "a",
    () => {},
  );
  queue.add({ id: "a" });
  queue.add({ id: "b" });
  await sender.send();
  assert.deepEqual(sent, ["a"]);
  sender.ask(false);
  await settled();
  assert.deepEqual(sent, ["a", "b"]);
});

test("a commit goes on after a lost network until nothing is left", async (t) => {
  const answers = [
    () => Promise.reject(new Error("offline")),
    () => Response.json({ lines: 3, written: 2, failed: 0, left: 1 }),
    () => new Response("", { status: 503 }),
    () => Response.json({ lines: 3, written: 3, failed: 0, left: 0 }),
  ];
  t.mock.method(globalThis, "fetch", async () => answers.shift()());
  globalThis.FormData = class { *[Symbol.iterator]() { yield ["draft", "1"]; } };
  const said = [];
  const progress = await run({ action: "/commit" }, (text) => said.push(text), async () => {});
  assert.equal(progress.written, 3);
  assert.deepEqual(said.slice(1), ["2 of 3 lines", "3 of 3 lines"]);
});

test("what moved since has its sign, and no digits of rounding", () => {
  assert.equal(movedText("12", 9), "\u22123");
  assert.equal(movedText("0.1", 0.3), "+0.2");
  assert.equal(movedText("12", 12), "");
});

test("keys of the keypad", () => {
  assert.equal(["1", "2", ".", "5", ".", "back"].reduce(typed, ""), "12.");
  assert.equal([".", "5"].reduce(typed, ""), "0.5");
  assert.equal(["0", "7"].reduce(typed, ""), "7");
});

test("a key belongs to the scan box unless somebody types or presses a button", () => {
  const key = (given) => isForScanBox({ key: "4", target: { closest: () => null }, ...given });
  assert.equal(key(), true);
  assert.equal(key({ key: "Enter" }), false);
  assert.equal(key({ ctrlKey: true }), false);
  assert.equal(key({ target: { closest: () => ({}) } }), false);
});

test("the camera counts the same code again only after a pause, and needs HTTPS", () => {
  assert.equal(isAnother(null, "4", 0), true);
  assert.equal(isAnother({ code: "4", at: 0 }, "4", 1_000), false);
  assert.equal(isAnother({ code: "4", at: 0 }, "4", 3_000), true);
  assert.equal(isAnother({ code: "4", at: 0 }, "5", 1_000), true);
  assert.match(obstacle(false, {}), /HTTPS/);
  assert.equal(obstacle(true, { getUserMedia() {} }), "");
  assert.deepEqual([...greyOf([255, 255, 255, 255, 0, 0, 0, 255])], [255, 0]);
});

test("a list is asked about while others can change it, and less often while nobody uses the page", () => {
  assert.ok(isShared({ draft: "1", state: "open" }));
  assert.ok(isShared({ draft: "1", state: "committing" }));
  assert.equal(isShared({ draft: "1", state: "done" }), false);
  assert.equal(isShared({ draft: "", state: undefined }), false); // not begun, or discarded
  assert.equal(isShared({ draft: "1", state: "open", ask: "" }), false); // a question is open
  assert.ok(pauseAfter(0) <= 3_000);
  assert.ok(pauseAfter(3_600_000) > pauseAfter(0));
});
