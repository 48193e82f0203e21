// A page has one stream: its parts listen to it, and it opens once all of them have been set up.
//
// Module scripts run before DOMContentLoaded, so every part that listens by then receives all
// events after the cursor that the page was rendered with.

import { openStream } from "./stream.js";

const parts = [];
let state = null;
let stream = null;

/**
 * Adds a part of the page. `seen`: ids of the events that it shows already; `onEvents(events)`:
 * new events' data, oldest first; `onGap(time)`; `onState(state)`; `onClock(heartbeat)`;
 * `onFrame({name, id, data})`: each message, after its events. While the page is behind,
 * `onCatchingUp(count)` for the events caught up so far, and null at the end; then, after an
 * interruption, `onCaughtUp({caughtUp, missed})`, where `missed` is null if it is not known.
 */
export function listen(part) {
  parts.push(part);
  if (state !== null) part.onState?.(state);
}

/** Connect now instead of waiting for the next try. */
export function retry() {
  stream?.hurry();
}

const each = (name) => (value) => {
  for (const part of parts) part[name]?.(value);
};

addEventListener("DOMContentLoaded", () => {
  stream = openStream(document.documentElement, {
    seen: parts.flatMap((part) => part.seen ?? []),
    onEvents: each("onEvents"),
    onGap: each("onGap"),
    onClock: each("onClock"),
    onFrame: each("onFrame"),
    onCatchingUp: each("onCatchingUp"),
    onCaughtUp: each("onCaughtUp"),
    onState(next) {
      state = next;
      each("onState")(next);
    },
  });
});
