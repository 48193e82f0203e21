// The pill shows a broken connection even while paused; "Paused" appears only when live.

const TEXTS = {
  connecting: "Connecting\u2026",
  live: "Live",
  reconnecting: "Reconnecting\u2026",
  offline: "Offline",
  unavailable: "Database unavailable",
  paused: "Paused",
};

/** The pill's state for a connection's state. Pure. */
export function pillState(connection, paused) {
  return connection === "live" && paused ? "paused" : connection;
}

/** Returns a function that shows a state in the pill. */
export function createPill(element) {
  const text = element.querySelector("[data-part=text]");
  return function show(connection, paused = false) {
    const state = pillState(connection, paused);
    if (element.dataset.state === state) return; // role=status: announce it once
    element.dataset.state = state;
    text.textContent = TEXTS[state];
  };
}
