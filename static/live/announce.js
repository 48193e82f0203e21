// A screen reader gets one summary every 10 seconds at most, not each change.

export const ANNOUNCE_INTERVAL = 10_000;

/** Collects changes, and announces how many there were and the latest one. */
export function createAnnouncer(say, clock = globalThis, interval = ANNOUNCE_INTERVAL) {
  let count = 0;
  let latest = "";
  let timer = null;

  function speak() {
    timer = null;
    say(`${count === 1 ? "1 change" : `${count} changes`}. Latest: ${latest}.`);
    count = 0;
  }

  return function announce(added, sentence) {
    if (added === 0) return;
    count += added;
    latest = sentence;
    timer ??= clock.setTimeout(speak, interval);
  };
}
