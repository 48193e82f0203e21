// The stream is reopened after every failure, and is "live" only after its first message.
//
// EventSource alone is not enough: an error page (502 from a proxy) closes it permanently, and
// a connection that died silently stays open. So every error closes and re-creates it with
// backoff and jitter, and 7 s without a message count as an error. A new EventSource sends
// no Last-Event-ID, so the last cursor is kept here and sent as `?after=`.

export const SILENCE_LIMIT = 7_000; // the server's heartbeat comes every 3 s
const WATCH_INTERVAL = 1_000;
const FIRST_DELAY = 500;
const LAST_DELAY = 15_000;
const OFFLINE_AFTER = 3; // failures; a restart of the server takes less time
const FRAMES = ["hello", "change", "heartbeat", "reset"];

/** States: connecting, live, reconnecting, offline, unavailable (the store, not the server). */
export function createConnection({
  cursor,
  open, // (cursor) => EventSource
  probe, // () => Promise<state to show while waiting for the next try>
  onFrame, // ({name, id, data}) where data is text; a message of its own, `retry`, has {at: ms}
  onState,
  clock = globalThis,
  now = Date.now, // a monotonic clock may stop while a laptop sleeps
  random = Math.random,
}) {
  let source = null;
  let heard = 0;
  let failures = 0;
  let retry = null;
  let watch = null;
  let state = null;
  let stopped = false;

  function show(next) {
    if (next === state) return;
    state = next;
    onState(next);
  }

  function connect() {
    retry = null;
    heard = now();
    const opened = open(cursor);
    source = opened;
    for (const name of FRAMES) {
      opened.addEventListener(name, (message) => {
        if (source === opened) receive(name, message);
      });
    }
    opened.addEventListener("error", () => {
      if (source === opened) fail();
    });
  }

  function receive(name, message) {
    heard = now();
    failures = 0;
    const body = name === "change" ? {} : parse(message.data);
    if (name === "reset") cursor = body.cursor ?? cursor;
    // A hello has a later cursor than the backfilled events that follow it. Only a client
    // without a cursor takes it; otherwise a failure in between would skip those events.
    else if (name === "hello") cursor ||= body.cursor ?? "";
    else if (message.lastEventId) cursor = message.lastEventId;
    onFrame({ name, id: cursor, data: message.data });
    if (body.store !== undefined && body.store !== "ok") show("unavailable");
    else if (name === "hello" && body.store === undefined && state === "unavailable") recheck();
    else show("live");
  }

  // A hello shows that the server is back, but not whether its store is.
  function recheck() {
    const current = source;
    probe().then((verdict) => {
      if (source === current && verdict !== "unavailable") show("live");
    });
  }

  function fail() {
    source?.close();
    source = null;
    failures += 1;
    const ceiling = Math.min(LAST_DELAY, FIRST_DELAY * 2 ** (failures - 1));
    // Half fixed, half random, so that many pages do not reconnect at the same moment.
    const delay = ceiling / 2 + (random() * ceiling) / 2;
    retry = clock.setTimeout(connect, delay);
    announceRetry(now() + delay);
    if (state !== "offline" && state !== "unavailable") show("reconnecting");
    const failure = failures;
    probe().then((verdict) => {
      if (stopped || failures !== failure) return; // it connected or failed again meanwhile
      show(verdict === "offline" && failure < OFFLINE_AFTER ? "reconnecting" : verdict);
    });
  }

  function announceRetry(at) {
    onFrame({ name: "retry", id: cursor, data: JSON.stringify({ at }) });
  }

  function check() {
    if (source !== null && now() - heard > SILENCE_LIMIT) fail();
  }

  show("connecting");
  connect();
  watch = clock.setInterval(check, WATCH_INTERVAL);

  return {
    get cursor() {
      return cursor;
    },

    /** Retry at once: the network returned, or the page became visible. */
    hurry() {
      check();
      if (retry === null || stopped) return;
      clock.clearTimeout(retry);
      announceRetry(now());
      connect();
    },

    check,

    close() {
      stopped = true;
      source?.close();
      source = null;
      clock.clearTimeout(retry);
      clock.clearInterval(watch);
    },
  };
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // a heartbeat counts even if its content cannot be parsed
  }
}
