// A page joins the browser's shared stream at the cursor that it was rendered with.

import { createConnection } from "./connection.js";
import { createDedupe } from "./dedupe.js";
import { createIntake } from "./intake.js";
import { joinStream } from "./leader.js";
import { createSlices } from "./slices.js";

const PAGE_LIMIT = 200;
const PROBE_TIMEOUT = 5_000;

/**
 * `page` is the element with `data-stream` and `data-cursor`; `listeners` are those of a page.
 * @param {HTMLElement} page
 * @param {any} listeners
 */
export function openStream(page, { seen = [], onState, onClock = (_heartbeat) => {}, onFrame = (_frame) => {}, ...listeners }) {
  const { stream: url, cursor } = page.dataset;
  const { base, version } = document.documentElement.dataset;
  const dedupe = createDedupe();
  const inTurn = createSlices();
  for (const id of seen) dedupe.first(id);

  const connect = (from, onFrame, onShow) =>
    createConnection({
      cursor: from,
      open: (after) => new EventSource(after ? `${url}?after=${encodeURIComponent(after)}` : url),
      probe: () => probe(`${base}/readyz`),
      onFrame,
      onState: onShow,
    });
  const intake = createIntake({
    ...listeners,
    dedupe,
    cursor,
    connect: (from, onFrame) => connect(from, (frame) => inTurn(() => onFrame(frame)), () => {}),
    load: (after) => newest(url, after),
  });

  function receive(frame) {
    if (frame.name === "heartbeat") onClock(frame.data);
    intake.receive(frame);
    onFrame(frame);
  }

  function show(state) {
    if (state === "live") intake.markLive();
    onState(state);
  }

  const joined = joinStream({
    // Versions may send different messages, so only tabs of one version share a stream.
    name: `stockpulse-stream ${version} ${url}`,
    cursor,
    connect,
    onFrame: (frame) => inTurn(() => receive(frame)),
    onState: (state) => inTurn(() => show(state)),
    onHole: (goal) => inTurn(() => intake.catchUp(goal)),
    isHidden: () => document.hidden,
  });

  addEventListener("online", joined.hurry);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) joined.hurry();
  });
  addEventListener("pagehide", () => {
    joined.close();
    intake.close();
  });
  // Restored from the back/forward cache: the stream was closed, so reload.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  return { ...intake, hurry: joined.hurry };
}

// The server counts the events after a cursor once it has read all of them after its start.
async function newest(url, after) {
  const query = `limit=${PAGE_LIMIT}`;
  const page =
    (await read(`${url}?${query}&order=newest&total=capped&after=${encodeURIComponent(after)}`)) ??
    (await read(`${url}?${query}`));
  if (page === null) throw new Error("the events cannot be read now");
  const events = page.items.map(({ cursor, data }) => ({ cursor, data }));
  const joins = page.next_cursor === null || events.some(({ cursor }) => cursor <= after);
  return { events, missed: joins ? 0 : page.total ? page.total.count - events.length : null };
}

async function read(address) {
  const answer = await fetch(address, {
    headers: { Accept: "application/json" },
    cache: "no-store",
  });
  return answer.ok ? answer.json() : null;
}

// An EventSource does not report why it failed, so ask the readiness check.
async function probe(url) {
  try {
    const answer = await fetch(url, {
      cache: "no-store",
      signal: AbortSignal.timeout(PROBE_TIMEOUT),
    });
    if (answer.status === 503) return "unavailable";
    // Only signed-in readers get `parts`. Without them, reloading leads to the sign-in page.
    if (answer.ok && !(await answer.json()).parts) location.reload();
    return "reconnecting";
  } catch {
    return "offline";
  }
}
