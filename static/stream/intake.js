// Each event is passed on once, in order. If some may be missing, the newest page of events
// is read, and its unknown events are inserted before any that arrived later.

const HOLD_LIMIT = 500;
const FIRST_DELAY = 1_000;
const LAST_DELAY = 15_000;

/**
 * `load()` resolves to {events: newest first, complete: whether there are no older ones};
 * `onEvents(events)` gets new events' data, oldest first; `onGap(time)` is called before them
 * if this page misses some, with the time of the oldest event read.
 */
export function createIntake({ dedupe, load, onEvents, onGap, clock = globalThis }) {
  let held = null; // events that arrive while the page is read; null otherwise
  let overflowed = false;
  let again = false;

  function admit(events) {
    const fresh = events.filter((event) => event.kind !== "internal" && dedupe.first(event.id));
    if (fresh.length > 0) onEvents(fresh);
  }

  function receive(frame) {
    if (frame.name === "reset") {
      catchUp();
      return;
    }
    if (frame.name !== "change") return;
    const event = JSON.parse(frame.data).data;
    if (held === null) {
      admit([event]);
    } else {
      held.push(event);
      if (held.length > HOLD_LIMIT) {
        held.shift();
        overflowed = true;
      }
    }
  }

  async function loadWithRetry() {
    for (let delay = FIRST_DELAY; ; delay = Math.min(2 * delay, LAST_DELAY)) {
      try {
        return await load();
      } catch {
        await new Promise((resolve) => clock.setTimeout(resolve, delay));
      }
    }
  }

  /** Read the newest events, and pass on those that this page has not seen. */
  async function catchUp() {
    if (held !== null) {
      again = true; // the running read may have started too early
      return;
    }
    held = [];
    let page;
    do {
      again = false;
      page = await loadWithRetry();
    } while (again);
    const joins = page.complete || page.events.some((event) => dedupe.has(event.id));
    const events = [...page.events].reverse();
    const arrived = held;
    held = null;
    if (!joins || overflowed) onGap(events[0]?.occurred_at ?? null);
    overflowed = false;
    admit([...events, ...arrived]);
  }

  return { receive, catchUp };
}
