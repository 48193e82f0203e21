// The newest items up to the cap wait, for the next flush or until the end of a pause; older ones
// are dropped and counted.

/** Holds items until they are taken. */
export function createBuffer(cap) {
  let waiting = [];
  let paused = false;
  let skipped = 0;

  return {
    get paused() {
      return paused;
    },

    /** How many items are held or were dropped; 0 when live. */
    get count() {
      return paused ? waiting.length + skipped : 0;
    },

    get size() {
      return waiting.length;
    },

    push(item) {
      waiting.push(item);
      // Trim in bulk: shifting one item at a time would move the whole array.
      if (waiting.length >= 2 * cap) this.trim();
    },

    trim() {
      const extra = waiting.length - cap;
      if (extra <= 0) return;
      waiting = waiting.slice(extra);
      skipped += extra;
    },

    /** Hold items from now on, including those waiting for the next frame. */
    pause() {
      paused = true;
    },

    /** Release the items at the next `take`. */
    resume() {
      this.trim();
      paused = false;
    },

    /** The items to show now, oldest first, and how many older ones were dropped. */
    take() {
      if (paused) return { items: [], skipped: 0 };
      this.trim();
      const taken = { items: waiting, skipped };
      waiting = [];
      skipped = 0;
      return taken;
    },
  };
}
