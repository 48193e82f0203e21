// A screen reader hears a summary at most every quarter of a minute, never each change.

export const ANNOUNCE_INTERVAL = 15_000;

/** Collects changes; says how many came and what the latest was. */
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
