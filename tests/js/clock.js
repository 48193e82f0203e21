// A clock for tests, which moves only by `advance`.

export function createClock(start = 1_000_000) {
  let time = start;
  let next = 1;
  const timers = new Map();

  const add = (run, delay, every) => {
    timers.set(next, { run, due: time + delay, every });
    return next++;
  };
  const remove = (id) => void timers.delete(id);

  return {
    now: () => time,
    setTimeout: (run, delay) => add(run, delay, null),
    setInterval: (run, delay) => add(run, delay, delay),
    clearTimeout: remove,
    clearInterval: remove,

    /** Move the clock forward and run the due timers in order. */
    advance(duration) {
      const end = time + duration;
      for (;;) {
        const due = [...timers].filter(([, timer]) => timer.due <= end);
        if (due.length === 0) break;
        const [id, timer] = due.reduce((a, b) => (b[1].due < a[1].due ? b : a));
        time = timer.due;
        if (timer.every === null) timers.delete(id);
        else timer.due += timer.every;
        timer.run();
      }
      time = end;
    },

    /** Let promises settle. */
    settle: () => new Promise((resolve) => setImmediate(resolve)),
  };
}
