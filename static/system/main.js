// The System page keeps itself fresh while someone looks at it, and says when it cannot.

import { refresh } from "./refresh.js";

const INTERVAL = 5_000;
const PATIENCE = 4_000;
const state = document.getElementById("state");
const unreachable = document.getElementById("unreachable");
const address = document.querySelector("main").dataset.state;

async function look() {
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
    await look();
  }
  setTimeout(keepFresh, INTERVAL);
}

document.addEventListener("visibilitychange", () => document.hidden || look());
setTimeout(keepFresh, INTERVAL);
