// Each event is passed on once, in order. A tab that may have missed some catches up from its own
// cursor with a stream of its own, and then follows the browser's shared stream again.
//
// If it missed more than the server sends again, the newest page is shown with a note of the gap.

const HOLD_LIMIT = 500;
const FIRST_DELAY = 1_000;
const LAST_DELAY = 15_000;

/**
 * `connect(after, onFrame)` opens a stream; `load(after)` resolves to the newest events after a
 * cursor, newest first, as {events: [{cursor, data}], missed: how many others there are, or null}.
 *
 * `onEvents(events)` gets new events' data, oldest first; `counted` means that the page's sums
 * have the event. `onGap(time)` is called before them if this page misses some, with the time of
 * the oldest event read. While the tab is behind, `onCatchingUp(count)` is called with the events
 * caught up so far, and with null at the end; after an interruption, `onCaughtUp({caughtUp,
 * missed})` is called then, too. `missed` is null if it is not known.
 */
export function createIntake({
  dedupe,
  cursor,
  connect,
  load,
  onEvents,
  onGap,
  onCatchingUp = (_count) => {},
  onCaughtUp = (_report) => {},
  clock = globalThis,
}) {
  let position = cursor; // of the last event that was passed on
  let own = null; // this tab's own stream
  let reading = false; // the newest page
  let held = null; // frames of the shared stream that arrive meanwhile; null otherwise
  let catching = null; // {head, goal, caughtUp, missed, interrupted, read}
  let joined = false; // the first catch-up is no interruption: the page was only just rendered

  function begin(goal = "") {
    if (catching === null) {
      catching = { head: undefined, goal: "", caughtUp: 0, missed: 0, interrupted: joined };
      onCatchingUp(0);
    }
    if (goal > position) catching.goal = goal;
  }

  function end() {
    const { caughtUp, missed, interrupted } = catching;
    const arrived = held ?? [];
    own?.close();
    own = held = catching = null;
    for (const frame of arrived) admit(frame);
    onCatchingUp(null);
    if (interrupted) onCaughtUp({ caughtUp, missed });
  }

  function pass(items) {
    const fresh = items
      .filter(({ data }) => data.kind !== "internal" && dedupe.first(data.id))
      .map((item) => ({ ...item.data, counted: item.cursor <= cursor }));
    if (fresh.length === 0) return;
    if (catching !== null) {
      catching.caughtUp += fresh.length;
      onCatchingUp(catching.caughtUp);
    }
    onEvents(fresh);
  }

  // A leader that resumes from before this page was rendered repeats what the page shows.
  const isRendered = (frame) => frame.id <= cursor;

  function admit(frame) {
    position = frame.id;
    pass([{ cursor: frame.id, data: JSON.parse(frame.data).data }]);
  }

  function take(frame) {
    if (frame.name === "reset") {
      restart();
      return;
    }
    if (frame.name === "hello") {
      begin();
      catching.head = JSON.parse(frame.data).head;
    } else if (frame.name === "change" && (catching === null || !isRendered(frame))) {
      admit(frame);
    }
    if (catching === null) return;
    if (frame.id === catching.head) catching.head = null;
    const complete = catching.head === null && frame.id >= catching.goal;
    // A heartbeat is sent when there is nothing else to send.
    if (complete || frame.name === "heartbeat") end();
  }

  function hold(frame) {
    if (frame.name !== "change" || isRendered(frame)) return;
    held.push(frame);
    // What is dropped here comes with this tab's own stream, if that goes so far.
    if (held.length > HOLD_LIMIT) catching.goal = held.shift().id;
  }

  function follow(after) {
    const stream = connect(after, (frame) => {
      if (own === stream) take(frame); // what it sent before it was closed may come after that
    });
    own = stream;
  }

  async function restart() {
    if (reading) return; // what comes later is read from the page's newest event on
    reading = true;
    begin();
    own?.close();
    own = null;
    held ??= [];
    if (catching.read) await sleep(FIRST_DELAY); // the page was older than what is sent again
    const { events, missed } = await loadWithRetry();
    reading = false;
    catching.read = true;
    catching.missed = missed === null || catching.missed === null ? null : catching.missed + missed;
    if (missed !== 0) onGap(events.at(-1)?.data.occurred_at ?? null);
    pass(events.filter((event) => event.cursor > cursor).reverse());
    position = events[0]?.cursor ?? position;
    follow(position);
  }

  async function loadWithRetry() {
    for (let delay = FIRST_DELAY; ; delay = Math.min(2 * delay, LAST_DELAY)) {
      try {
        return await load(position);
      } catch {
        await sleep(delay);
      }
    }
  }

  const sleep = (delay) => new Promise((resolve) => clock.setTimeout(resolve, delay));

  return {
    /** A frame of the shared stream. */
    receive(frame) {
      if (held === null) take(frame);
      else hold(frame);
    },

    /** The shared stream is at `goal`, and this tab may have missed frames up to there. */
    catchUp(goal) {
      begin(goal);
      if (reading || own !== null) return;
      held ??= [];
      follow(position);
    },

    /** The page is live, so that what comes to catch up from now on is after an interruption. */
    markLive() {
      joined = true;
    },

    close: () => own?.close(),
  };
}
