// Paused, nothing within the cap is lost; past the cap the oldest go first, and are counted.
//
// Live, what waits for the next frame is held to the same cap without counting: the rows
// that it would have made are past the feed's own cap at once.

/** Holds what arrived until it is taken. */
export function createBuffer(cap) {
  let waiting = [];
  let paused = false;
  let skipped = 0;

  return {
    get paused() {
      return paused;
    },

    /** How many arrived while paused, those past the cap included. */
    get count() {
      return paused ? waiting.length + skipped : 0;
    },

    get size() {
      return waiting.length;
    },

    push(item) {
      waiting.push(item);
      // Cut in bulk: shifting one by one costs the whole array each time.
      if (waiting.length >= 2 * cap) this.trim();
    },

    trim() {
      const extra = waiting.length - cap;
      if (extra <= 0) return;
      waiting = waiting.slice(extra);
      if (paused) skipped += extra;
    },

    /** Hold from now on, what waited for the next frame included. */
    pause() {
      paused = true;
    },

    /** Let go. */
    resume() {
      this.trim();
      paused = false;
    },

    /** Everything to show now, oldest first, and how many older ones were dropped. */
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
