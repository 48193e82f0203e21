// The System page refreshes itself while it is visible, and at once when the condition changes.
//
// While the server does not answer, the sentence of every page (static/shell/) says so.

import { listen } from "../stream/page_stream.js";
import { refresh } from "./refresh.js";

const INTERVAL = 5_000;
const PATIENCE = 4_000;
const state = document.getElementById("state");
const address = document.querySelector("main").dataset.state;
let condition = null;

async function update() {
  try {
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) return;
    const text = `<div>${await answer.text()}</div>`;
    refresh(state, new DOMParser().parseFromString(text, "text/html").body.firstElementChild);
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
