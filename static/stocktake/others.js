// What others scan into the same list appears within a few seconds. While nothing has changed, the
// server answers 304, for which it reads one row.

const SOON = 3_000; // ms between two questions
const LATER = 15_000; // the same for a page that nobody uses
const IDLE = 300_000; // ms without a key, a touch or a change, after which nobody uses it
const ENDED = ["done", "undone"]; // states in which others change nothing

/** How long to wait for the next question; `quiet`: ms since the page was used or changed. Pure. */
export function pauseAfter(quiet) {
  return quiet < IDLE ? SOON : LATER;
}

/** Whether others can have changed a list; `{draft, state, ask}` are the data of its part. Pure. */
export function isShared({ draft, state, ask }) {
  return Boolean(draft) && !ENDED.includes(state) && ask === undefined;
}

/** What is in use keeps its place: a field with an id, which the new list takes over, may change. */
function isInUse(take) {
  const { activeElement: active } = document;
  const selection = getSelection();
  return (take.contains(active) && active.id === "") || (!selection.isCollapsed && take.contains(selection.anchorNode));
}

/**
 * Asks again and again. `take()` is the part of the list, `ask(address, options)` returns an answer
 * of `readPage`, `isBusy()`: an answer of one's own is on its way, `onNews(answer)` shows a list.
 */
export function followOthers(take, ask, isBusy, onNews) {
  let used = Date.now();
  let timer = 0;
  let asking = false;

  async function look() {
    clearTimeout(timer);
    const { path, draft, version, first } = take().dataset;
    if (!asking && !document.hidden && isShared(take().dataset) && !isBusy()) {
      asking = true;
      try {
        const headers = { Accept: "text/html", "If-None-Match": `"${version}"` };
        const answer = await ask(`${path}/news?draft=${draft}&first=${first}`, { headers });
        const now = take();
        const isSame = now.dataset.draft === draft && now.dataset.version === version;
        if (answer.isPage && isSame && !isBusy() && !isInUse(now)) {
          used = Date.now();
          onNews(answer);
        }
      } catch {
        // without network: what is shown stays, and the next question may arrive
      }
      asking = false;
    }
    timer = setTimeout(look, pauseAfter(Date.now() - used));
  }

  for (const kind of ["keydown", "pointerdown"]) {
    addEventListener(kind, () => (used = Date.now()), { capture: true, passive: true });
  }
  addEventListener("visibilitychange", () => document.hidden || look());
  timer = setTimeout(look, SOON);
}
