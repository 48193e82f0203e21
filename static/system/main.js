// The System page refreshes itself while it is visible, and says when the server does not answer.

import { refresh } from "./refresh.js";

const INTERVAL = 5_000;
const PATIENCE = 4_000;
const state = document.getElementById("state");
const unreachable = document.getElementById("unreachable");
const address = document.querySelector("main").dataset.state;

async function update() {
  try {
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) {
      throw new Error(`status ${answer.status}`);
    }
    const text = `<div>${await answer.text()}</div>`;
    refresh(state, new DOMParser().parseFromString(text, "text/html").body.firstElementChild);
    unreachable.hidden = true;
  } catch {
    unreachable.hidden = false;
  }
}

async function keepFresh() {
  if (!document.hidden) {
    await update();
  }
  setTimeout(keepFresh, INTERVAL);
}

document.addEventListener("visibilitychange", () => document.hidden || update());
setTimeout(keepFresh, INTERVAL);
