// A burst is worked off in slices, so that the page answers in between.
//
// A stream that resumes, or a busy machine, brings hundreds of messages in one task of the browser.

const SLICE = 8; // ms; half a frame
const LIMIT = 5_000; // waiting calls; one more, and all are made at once

/** Returns `defer(run)`: calls `run` after the task that is under way. A timer would be late in a hidden tab. */
export function createDefer() {
  const { port1, port2 } = new MessageChannel();
  const due = [];
  port1.onmessage = () => due.shift()();
  return (run) => {
    due.push(run);
    port2.postMessage(null);
  };
}

/**
 * Returns `inTurn(call)`, which makes calls in their order: at once while the task is short, and
 * otherwise in later tasks.
 */
export function createSlices(defer = createDefer(), now = () => performance.now()) {
  let waiting = [];
  let begun = null; // when the slice began; null between slices

  function work(until) {
    let done = 0;
    try {
      while (done < waiting.length && now() < until) waiting[done++]();
    } finally {
      waiting = waiting.slice(done);
    }
  }

  function resume() {
    begun = now();
    try {
      work(begun + SLICE);
    } finally {
      if (waiting.length > 0) defer(resume);
      else begun = null;
    }
  }

  return function inTurn(call) {
    if (begun === null) {
      begun = now();
      defer(resume);
    }
    if (waiting.length === 0 && now() < begun + SLICE) {
      call();
      return;
    }
    waiting.push(call);
    if (waiting.length > LIMIT) work(Infinity);
  };
}
