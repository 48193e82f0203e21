import assert from "node:assert/strict";
import { test } from "node:test";

import { createCondition, OLD, seconds, SILENCE, staleText } from "../../static/shell/condition.js";

const START = Date.parse("2026-11-21T14:02:00");
const STATUS = { state: "live", says: "All is well.", since: null, seen: {}, lag_ms: { stream: 300, audit: 100 } };

/** A page whose clock moves by `wait`; a number as `status` is the id of a change. */
function page() {
  let now = START;
  const condition = createCondition(START);
  const frame = (name, body = {}, id = "") => condition.frame({ name, id, data: JSON.stringify(body) }, now);
  const shown = () => {
    const { text, detail = "" } = condition.view(now);
    return text + detail;
  };
  return {
    condition,
    shown,
    view: () => condition.view(now),
    wait: (time) => (now += time),
    hello: (cursor, status = {}) => frame("hello", { ...STATUS, ...status, cursor }),
    beat: (status = {}) => frame("heartbeat", { ...STATUS, ...status }),
    retryIn: (time) => frame("retry", { at: now + time }),
    change(id, count = 1) {
      condition.events(count);
      frame("change", {}, id);
    },
    /** A page that was live and lost its connection. */
    lose() {
      condition.state("live");
      this.hello("c1");
      condition.state("reconnecting");
      return this;
    },
  };
}

test("a page is live only once the server's condition is known", () => {
  const { condition, beat, shown } = page();
  condition.state("live"); // as a follower hears it from the leader
  assert.equal(shown(), "Connecting\u2026");
  beat();
  assert.equal(shown(), "Live \u00b7 lag 0.4 s");
});

test("silence is never live: first it reconnects, then it is stale since the last message", () => {
  const { condition, beat, shown, view, wait } = page();
  condition.state("live");
  beat();
  wait(SILENCE);
  assert.match(shown(), /^Live/);
  wait(1);
  assert.equal(shown(), "Reconnecting\u2026");
  wait(OLD - SILENCE);
  assert.equal(shown(), "Stale since 14:02");
  assert.deepEqual(view().stale, { since: START, says: "The server does not answer." });
  beat();
  assert.match(shown(), /^Live/);
});

test("a clock that jumps, as after sleep, makes the page stale at once", () => {
  const { condition, beat, shown, wait } = page();
  condition.state("live");
  beat();
  wait(3_600_000);
  assert.equal(shown(), "Stale since 14:02");
});

test("a lost connection shows the time to the next try, and can be retried", () => {
  const tab = page().lose();
  tab.retryIn(4_000);
  assert.equal(tab.shown(), "Reconnecting in 4 s");
  assert.equal(tab.view().retry, true);
  tab.wait(OLD + 1);
  tab.retryIn(8_000);
  assert.equal(tab.shown(), "Stale since 14:02 \u00b7 retry in 8 s");
});

test("a proxy's 503 while the connection is lost is not live", () => {
  const tab = page().lose();
  tab.retryIn(4_000);
  tab.condition.state("unavailable"); // the readiness check answered 503
  assert.equal(tab.shown(), "Reconnecting in 4 s");
});

test("the server's own condition is what the page says", () => {
  const { condition, beat, shown, view } = page();
  condition.state("live");
  beat({ state: "stale", since: "2026-11-21T14:01:00", says: "No worker is running." });
  assert.equal(shown(), "Stale since 14:01");
  assert.equal(view().stale.says, "No worker is running.");
  beat({ state: "behind", lag_ms: { stream: 12_000, audit: 0 } });
  assert.equal(shown(), "Catching up \u00b7 12 s behind");
  beat({ state: "unproven" });
  assert.equal(shown(), "Connected");
});

test("paused is shown with the number that waits, but never over a broken connection", () => {
  const { condition, beat, shown, wait } = page();
  condition.state("live");
  beat();
  condition.pause(true, 57);
  assert.equal(shown(), "Paused \u00b7 57 new");
  beat({ state: "stale" });
  assert.match(shown(), /^Stale/);
  beat();
  wait(SILENCE + 1);
  assert.match(shown(), /^Reconnecting/);
});

test("a resume counts what arrives before the first heartbeat, and says what it caught up", () => {
  const tab = page().lose();
  tab.condition.state("live");
  tab.hello("c5");
  tab.change("c2");
  tab.change("c4", 311);
  assert.equal(tab.shown(), "Catching up 312");
  tab.beat();
  assert.equal(tab.shown(), "Live \u00b7 caught up 312, 0 missed");
  tab.wait(10_000);
  tab.beat();
  assert.equal(tab.shown(), "Live \u00b7 lag 0.4 s");
});

test("a heartbeat ends a resume in which nothing was missed", () => {
  const tab = page().lose();
  tab.condition.state("live");
  tab.hello("c1");
  tab.beat();
  assert.equal(tab.shown(), "Live \u00b7 caught up 0, 0 missed");
});

test("a reset waits for the page of events, and a gap is not called complete", () => {
  const tab = page().lose();
  tab.condition.state("live");
  tab.condition.catchingUp(true);
  tab.hello("c9");
  tab.beat();
  assert.equal(tab.shown(), "Catching up\u2026");
  tab.condition.gap();
  tab.condition.events(200);
  assert.equal(tab.shown(), "Catching up 200");
  tab.beat();
  assert.equal(tab.shown(), "Catching up 200");
  tab.condition.catchingUp(false);
  tab.condition.caughtUp({ caughtUp: 200, missed: 5_113 }, START);
  assert.equal(tab.shown(), "Live \u00b7 caught up 200, 5,113 missed");
  tab.condition.caughtUp({ caughtUp: 200, missed: null }, START);
  assert.equal(tab.shown(), "Live \u00b7 caught up 200, some missed");
});

test("a tab that was frozen alone is not live until it has what it missed", () => {
  const tab = page();
  tab.condition.state("live");
  tab.beat();
  tab.condition.catchingUp(true);
  tab.beat(); // of the stream that the tabs share
  assert.equal(tab.shown(), "Catching up\u2026");
  tab.condition.catchingUp(false);
  assert.equal(tab.shown(), "Live \u00b7 lag 0.4 s");
});

test("what a late worker still has to send is counted after the page has caught up", () => {
  const tab = page().lose();
  tab.condition.state("live");
  tab.hello("c1", { state: "behind" });
  tab.condition.catchingUp(true);
  tab.condition.events(3);
  tab.condition.catchingUp(false);
  tab.condition.events(4);
  tab.beat();
  assert.equal(tab.shown(), "Live \u00b7 caught up 7, 0 missed");
});

test("events that arrive after a worker was frozen are caught up, too", () => {
  const tab = page();
  tab.condition.state("live");
  tab.beat({ state: "stale" });
  tab.change("c2", 7);
  tab.beat();
  assert.equal(tab.shown(), "Live \u00b7 caught up 7, 0 missed");
});

test("durations and ages are short texts", () => {
  assert.deepEqual([0.01, 0.44, 1.5, 12.3, 600].map(seconds), ["< 0.1 s", "0.4 s", "1.5 s", "12 s", "10 min"]);
  assert.equal(
    staleText({ since: START, says: "No worker is running." }, START + 90_000),
    "No worker is running. The numbers are from 14:02:00, 90 s ago.",
  );
});
