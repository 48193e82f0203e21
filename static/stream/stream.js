// A page joins the browser's shared stream at the cursor that it was rendered with.

import { createConnection } from "./connection.js";
import { createDedupe } from "./dedupe.js";
import { createIntake } from "./intake.js";
import { joinStream } from "./leader.js";

const PAGE_LIMIT = 200;
const PROBE_TIMEOUT = 5_000;

/** `page` is the element with `data-stream` and `data-cursor`. */
export function openStream(page, { seen = [], onEvents, onGap, onState, onClock = (_heartbeat) => {} }) {
  const { stream: url, cursor } = page.dataset;
  const { base, version } = document.documentElement.dataset;
  const dedupe = createDedupe();
  for (const id of seen) dedupe.first(id);

  const intake = createIntake({ dedupe, onEvents, onGap, load: () => newest(url, cursor) });
  const connect = (from, onFrame, onShow) =>
    createConnection({
      cursor: from,
      open: (after) => new EventSource(after ? `${url}?after=${encodeURIComponent(after)}` : url),
      probe: () => probe(`${base}/readyz`),
      onFrame,
      onState: onShow,
    });

  const joined = joinStream({
    // Versions may send different messages, so only tabs of one version share a stream.
    name: `stockpulse-stream ${version} ${url}`,
    cursor,
    connect,
    onFrame(frame) {
      if (frame.name === "heartbeat") onClock(frame.data);
      intake.receive(frame);
    },
    onState,
    onHole: intake.catchUp,
    isHidden: () => document.hidden,
  });

  addEventListener("online", joined.hurry);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) joined.hurry();
  });
  addEventListener("pagehide", joined.close);
  // Restored from the back/forward cache: the stream was closed, so reload.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  return intake;
}

// An event is `counted` if it arrived before the page was rendered, whose tiles have it.
async function newest(url, cursor) {
  const answer = await fetch(`${url}?limit=${PAGE_LIMIT}`, {
    headers: { Accept: "application/json" },
    cache: "no-store",
  });
  if (!answer.ok) throw new Error(`events: HTTP ${answer.status}`);
  const page = await answer.json();
  const events = page.items.map((item) => ({ ...item.data, counted: item.cursor <= cursor }));
  return { events, complete: page.next_cursor === null };
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
