// Scans are sent one after the other, in their order; one that fails is sent again.

const PAUSES = [1_000, 2_000, 5_000, 10_000]; // ms between two tries

/**
 * What an answer means for the scan and those behind it. `error` is the code on the answer's page,
 * null without one; `isPage`: it is the page of a list. Pure.
 *
 * done: it was answered · again: it is sent again · closed: its list takes no more · stop: only a
 * person can go on, for example by signing in again.
 */
export function meaning({ status, isPage, error }) {
  if (status >= 500 || status === 429) return "again";
  if (error === "draft-closed" || error === "draft-full") return "closed";
  return isPage ? "done" : "stop";
}

/** How long to wait before the next try. Pure. */
export function pause(tries) {
  return PAUSES[Math.min(tries, PAUSES.length - 1)];
}

/**
 * Sends what is in the queue. `post(scan)` returns the answer as `meaning` takes it, or throws if
 * there is none; `onAnswer(scan, answer)` shows it and returns whether a person must answer first;
 * `onState(state)` is called with "sending", "sent", "offline", "closed" or "stopped".
 */
export function createSender(queue, post, onAnswer, onState) {
  let busy = false;
  let asked = false;
  let tries = 0;
  let timer = 0;

  function later() {
    clearTimeout(timer);
    timer = setTimeout(send, pause(tries));
    tries += 1;
  }

  async function send() {
    clearTimeout(timer);
    if (busy || asked) return;
    busy = true;
    try {
      for (let scan = queue.first(); scan !== null && !asked; scan = queue.first()) {
        onState("sending");
        let answer;
        try {
          answer = await post(scan);
        } catch {
          onState("offline");
          later();
          return;
        }
        const means = meaning(answer);
        if (means === "again") {
          onState("offline");
          later();
          return;
        }
        tries = 0;
        if (means !== "done") {
          onState(means === "closed" ? "closed" : "stopped");
          return;
        }
        queue.done(scan.id);
        asked = onAnswer(scan, answer);
      }
      onState("sent");
    } finally {
      busy = false;
    }
  }

  return {
    send,

    /** Whether a person has to answer before anything else is sent. */
    ask(value) {
      asked = value;
      if (!asked) send();
    },
  };
}
