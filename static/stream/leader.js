// The tabs of a browser share one stream: the tab that holds the lock opens it, others listen.
//
// Browsers allow six HTTP/1.1 connections to a host, so a seventh tab with its own stream
// would never load. When the leader closes, a follower resumes after its own last cursor.
// Frames are numbered, so that a follower detects missing ones. A frozen leader (mobile
// browsers suspend hidden tabs) is replaced. Without Web Locks each tab opens its own stream.

import { createDefer } from "./slices.js";

const ANSWER_LIMIT = 2_000; // a leader that does not answer within this time is frozen
const SILENCE_LIMIT = 7_000; // two heartbeats
const PATIENCE = 3_000; // a hidden leader's timers are throttled, so a visible tab takes over
const WATCH_INTERVAL = 1_000;
const BATCH = 100; // frames in a message between tabs

/**
 * Joins the browser's stream. `connect(cursor, onFrame, onState)` opens a connection;
 * `onHole(cursor)` is called when this tab may have missed frames up to the cursor.
 */
export function joinStream({
  name,
  cursor,
  connect,
  onFrame,
  onState,
  onHole,
  locks = globalThis.navigator?.locks,
  Channel = globalThis.BroadcastChannel,
  clock = globalThis,
  now = Date.now,
  defer = createDefer(),
  isHidden = () => false,
  identity = () => crypto.randomUUID(),
}) {
  let connection = null;
  if (!locks || !Channel) {
    connection = connect(cursor, onFrame, onState);
    return { hurry: () => connection.hurry(), close: () => connection.close() };
  }

  const channel = new Channel(name);
  const self = identity();
  let state = "connecting";
  let position = cursor; // of the last frame received
  let unsent = []; // as leader: frames for the other tabs, from one read of the network
  let followed = true; // as leader: whether another tab may wait for the lock
  let asked = 0; // how often a tab asked who leads
  let number = 0; // as leader: frames received; as follower: the last number that the leader reported
  let leader = null; // as follower: the tab that `number` belongs to
  let heard = now();
  let release = null;
  let queue = null;
  let asking = null;
  let impatience = null;
  let closed = false;

  const post = (message) => channel.postMessage({ ...message, from: self });

  function send(frame) {
    unsent.push(frame);
    if (unsent.length === 1) defer(postFrames);
    else if (unsent.length >= BATCH) postFrames();
  }

  function postFrames() {
    if (unsent.length > 0) post({ type: "frames", number, frames: unsent });
    unsent = [];
  }

  // A frame is a copy and a message to another process; a tab alone saves both. One that comes asks
  // first, and one that is missed nevertheless finds that a number is missing.
  async function lookForFollowers() {
    const before = asked;
    const { pending } = await locks.query();
    if (asked === before) followed = pending.some((request) => request.name === name);
  }

  function postState() {
    postFrames();
    post({ type: "state", state, number, position, hidden: isHidden() });
  }

  // --- leading ---

  function lead() {
    stopWaiting();
    connection?.close(); // this tab stole its own lock, which was granted meanwhile
    number = 0;
    unsent = [];
    followed = true;
    state = "connecting";
    postState();
    connection = connect(
      position,
      (frame) => {
        number += 1;
        position = frame.id;
        if (followed) send(frame);
        onFrame(frame);
      },
      (next) => {
        state = next;
        postState();
        onState(next);
      },
    );
    return new Promise((resolve) => {
      release = resolve;
    });
  }

  function requestLock(options) {
    const callback = () => (closed ? undefined : lead());
    locks.request(name, options, callback).catch(() => {
      // Aborted while queued (this tab steals the lock), or another tab has stolen it and leads.
      if (closed || options.signal?.aborted) return;
      connection?.close();
      connection = null;
      unsent = []; // the new leader's first message shows who has not received them
      leader = null;
      follow();
    });
  }

  // --- following ---

  function follow() {
    queue = new AbortController();
    heard = now();
    requestLock({ signal: queue.signal });
    ask();
  }

  function ask() {
    if (connection !== null || asking !== null) return;
    post({ type: "who" });
    asking = clock.setTimeout(steal, ANSWER_LIMIT);
  }

  function steal() {
    stopWaiting();
    if (closed || connection !== null) return;
    queue.abort();
    requestLock({ steal: true });
  }

  function stopWaiting() {
    clock.clearTimeout(asking);
    clock.clearTimeout(impatience);
    asking = impatience = null;
  }

  function receive(message) {
    heard = now();
    clock.clearTimeout(asking);
    asking = null;
    // The first message of a new leader: if its position differs from ours, we missed frames.
    const { frames = [] } = message;
    const known = message.from === leader;
    const expected = message.number - frames.length;
    const hole = known ? number !== expected : message.position !== position;
    leader = message.from;
    number = message.number;
    if (frames.length > 0) {
      position = frames.at(-1).id;
      if (hole) onHole(frames[0].id);
      for (const frame of frames) onFrame(frame);
      return;
    }
    position = message.position;
    if (hole) onHole(position);
    state = message.state;
    onState(state);
    clock.clearTimeout(impatience);
    const stuck = state !== "live" && message.hidden && !isHidden();
    impatience = stuck ? clock.setTimeout(steal, PATIENCE) : null;
  }

  channel.onmessage = ({ data: message }) => {
    if (message.type === "hurry") {
      connection?.hurry();
    } else if (message.type === "who") {
      asked += 1;
      followed = true;
      connection?.check(); // a hidden tab's own timers may be late
      if (connection !== null) postState();
    } else if (connection === null) {
      receive(message);
    }
  };

  const watch = clock.setInterval(() => {
    if (connection !== null) lookForFollowers().catch(() => (followed = true));
    else if (now() - heard > SILENCE_LIMIT) ask();
  }, WATCH_INTERVAL);

  onState(state);
  follow();

  return {
    /** This tab became visible, or the network returned: check the connection at once. */
    hurry() {
      if (connection !== null) {
        connection.hurry();
      } else {
        ask();
        post({ type: "hurry" });
      }
    },

    close() {
      postFrames();
      closed = true;
      stopWaiting();
      clock.clearInterval(watch);
      connection?.close();
      channel.close();
      queue?.abort();
      release?.();
    },
  };
}
