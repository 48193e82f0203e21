// A commit or an undo is sent until no line is left; a lost network only delays it.

import { pause } from "./sending.js";

const TRIES = 400; // more than an hour without network; then the page offers to continue

/**
 * Sends `form` until its run ends. `onProgress(text)` says how far it is. Returns the progress at
 * the end; throws if the server refuses.
 */
export async function run(form, onProgress, wait = sleep) {
  for (let tries = 0; tries < TRIES; ) {
    let answer = null;
    try {
      answer = await fetch(form.action, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new URLSearchParams(/** @type {any} */ (new FormData(form))),
        signal: AbortSignal.timeout(60_000),
      });
    } catch {
      onProgress("The server cannot be reached. This goes on by itself.");
    }
    if (answer !== null && answer.status < 500 && answer.status !== 429) {
      const progress = await answer.json();
      if (!answer.ok) throw new Error(progress.detail);
      tries = 0;
      onProgress(`${progress.written} of ${progress.lines} lines`);
      if (progress.left === 0) return progress;
      continue;
    }
    await wait(pause(tries));
    tries += 1;
  }
  throw new Error("The server cannot be reached. Continue later: nothing is lost.");
}

const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));
