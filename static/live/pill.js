// The pill tells the truth about the connection first, and only then that one has paused.

const TEXTS = {
  connecting: "Connecting\u2026",
  live: "Live",
  reconnecting: "Reconnecting\u2026",
  offline: "Offline",
  unavailable: "Store unavailable",
  paused: "Paused",
};

/** What the pill says of a connection's state. Pure. */
export function pillState(connection, paused) {
  return connection === "live" && paused ? "paused" : connection;
}

/** A function that shows a state in the pill. */
export function createPill(element) {
  const text = element.querySelector("[data-part=text]");
  return function show(connection, paused = false) {
    const state = pillState(connection, paused);
    if (element.dataset.state === state) return; // role=status: say it once
    element.dataset.state = state;
    text.textContent = TEXTS[state];
  };
}
