// Messages of rules in the browser: which are shown, and when the server is asked.

import assert from "node:assert/strict";
import test from "node:test";

import { firstSeen, nowSeen, pause, told, unseen } from "../../static/notifications/messages.js";

const message = (id, more = {}) => ({ id, at: 0, title: `T${id}`, text: "", path: "", ...more });

test("each message is shown once, the oldest first", () => {
  const items = [message("c"), message("b"), message("a")];
  assert.deepEqual(unseen(items, ["b"]).map(({ id }) => id), ["a", "c"]);
  assert.deepEqual(nowSeen(["b"], [message("a"), message("c")]), ["b", "a", "c"]);
  const many = nowSeen(Array.from({ length: 200 }, (_, n) => String(n)), [message("new")]);
  assert.equal(many.length, 200);
  assert.equal(many.at(-1), "new");
});

test("a new browser shows what is recent, and not the whole week", () => {
  const items = [message("new", { at: 9_900_000 }), message("old", { at: 9_000_000 })];
  assert.deepEqual(firstSeen(items, 10_000_000), ["old"]);
});

test("a few messages are shown one by one, more are counted", () => {
  const one = message("a", { text: "Mug is low.\nPot is out.", path: "/p" });
  assert.deepEqual(told([one], "/all"), [{ id: "a", title: "Ta", text: "Mug is low. …", path: "/p" }]);
  const [all] = told(["a", "b", "c", "d"].map((id) => message(id)), "/all");
  assert.deepEqual(all, { id: "d", title: "4 new messages", text: "The newest: Td", path: "/all" });
  assert.deepEqual(told([], "/all"), []);
});

test("the server is asked soon after a change, rarely in between, and ever less while it fails", () => {
  const quiet = { wanted: true, changed: false, failures: 0, since: 0 };
  assert.equal(pause(quiet), 60_000);
  assert.equal(pause({ ...quiet, since: 45_000 }), 15_000);
  assert.equal(pause({ ...quiet, changed: true, since: Infinity }), 5_000);
  assert.equal(pause({ ...quiet, changed: true, since: 8_000 }), 12_000, "changes without a pause");
  assert.equal(pause({ ...quiet, wanted: false, changed: true, since: 20_000 }), 100_000);
  assert.deepEqual([1, 2, 9].map((failures) => pause({ ...quiet, changed: true, failures })), [30_000, 60_000, 480_000]);
});
