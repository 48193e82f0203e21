// One flush per animation frame however many events arrive; a hidden tab, whose frames
// never come, flushes by a timer instead.

const HIDDEN_INTERVAL = 1000;

/** A function that asks for one `flush` soon; asking again before it changes nothing. */
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
