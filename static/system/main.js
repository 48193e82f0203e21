// The System page refreshes itself while it is visible, and at once when the condition changes.
//
// While the server does not answer, the sentence of every page (static/shell/) says so.

import { createTimes, localiseTimes } from "../shell/times.js";
import { listen } from "../stream/page_stream.js";
import { createRefresh } from "./refresh.js";

const INTERVAL = 5_000;
const PATIENCE = 4_000;
const state = document.getElementById("state");
const address = document.querySelector("main").dataset.state;
const times = createTimes();
const refresh = createRefresh(state, (part) => localiseTimes(part, times));
let condition = null;

async function update() {
  try {
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) return;
    const text = `<div>${await answer.text()}</div>`;
    refresh(new DOMParser().parseFromString(text, "text/html").body.firstElementChild);
  } catch {
    // the next refresh may succeed
  }
}

async function keepFresh() {
  if (!document.hidden) {
    await update();
  }
  setTimeout(keepFresh, INTERVAL);
}

// A link to a folded section unfolds it; not all browsers do that by themselves.
state.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  const folded = link && document.getElementById(link.hash.slice(1))?.closest("details");
  if (folded) folded.open = true;
});

listen({
  onFrame({ name, data }) {
    if (name !== "heartbeat") return;
    const next = JSON.parse(data).state;
    if (condition !== null && next !== condition) update();
    condition = next;
  },
});
document.addEventListener("visibilitychange", () => document.hidden || update());
setTimeout(keepFresh, INTERVAL);
