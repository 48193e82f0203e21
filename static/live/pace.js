// The feed is busy above about ten changes a second, and calm again below about six. Pure.
//
// Changes are timed by when they happened: what is caught up after an interruption is not busy.

const WINDOW = 3_000;
const BUSY = 31; // changes within the window
const CALM = 19;

/** Tells from the changes so far whether more come than a person can read one by one. */
export function createPace() {
  const moments = []; // of the newest changes, oldest first
  let arrived = 0;
  let busy = false;

  return {
    /** A change happened at `moment` and arrived `now`. */
    add(moment, now) {
      moments.push(moment);
      if (moments.length > BUSY) moments.shift();
      arrived = now;
      const newest = moments.at(-1);
      const since = moments.at(busy ? -CALM : -BUSY);
      busy = since !== undefined && newest - since < WINDOW;
    },

    isBusy(now) {
      if (now - arrived > WINDOW) busy = false;
      return busy;
    },
  };
}
