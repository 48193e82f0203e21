// There is at most one flush per animation frame; a hidden tab gets no frames, so a timer
// flushes it instead.

const HIDDEN_INTERVAL = 1000;

/** Returns a function that schedules one `flush`; calls before the flush have no effect. */
export function createScheduler(flush, view = globalThis) {
  let frame = null;
  let timer = null;

  function run() {
    view.cancelAnimationFrame(frame);
    view.clearTimeout(timer);
    frame = timer = null;
    flush();
  }

  return function schedule() {
    if (timer !== null) return;
    frame = view.requestAnimationFrame(run);
    timer = view.setTimeout(run, HIDDEN_INTERVAL);
  };
}
