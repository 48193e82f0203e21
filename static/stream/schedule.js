// There are at most four flushes a second, each in an animation frame; a hidden tab gets no
// frames, so a timer flushes it instead.

const INTERVAL = 250;
const HIDDEN_INTERVAL = 1000;

/** Returns a function that schedules one `flush`; calls before the flush have no effect. */
export function createScheduler(flush, view = globalThis, now = () => performance.now()) {
  let frame = null;
  let timer = null;
  let flushed = -INTERVAL;

  function run() {
    view.cancelAnimationFrame(frame);
    view.clearTimeout(timer);
    frame = timer = null;
    flushed = now();
    flush();
  }

  function awaitFrame() {
    frame = view.requestAnimationFrame(run);
    timer = view.setTimeout(run, HIDDEN_INTERVAL);
  }

  return function schedule() {
    if (timer !== null) return;
    const wait = flushed + INTERVAL - now();
    if (wait > 0) timer = view.setTimeout(awaitFrame, wait);
    else awaitFrame();
  };
}
