// What to do with the messages that the server has for this browser. Pure.

const KEPT = 200; // ids that are known; more than a list holds
const SHOWN = 3; // told one by one; more are counted
const RECENT = 600_000; // ms
const SENDING = 5_000; // ms: a message comes a moment after its change
const BUSY = 20_000; // ms, while changes come without a pause
const QUIET = 60_000; // ms: digests, and trouble, come without a change
const UNWANTED = 120_000; // ms: no rule sends to this browser, but one may be made
const FAILED = 30_000; // ms

/** The messages that were not shown yet, the oldest first. `seen`: the ids of those that were. */
export function unseen(items, seen) {
  const known = new Set(seen);
  return items.filter((one) => !known.has(one.id)).reverse();
}

/** The ids to keep after showing these messages: the newest. */
export function nowSeen(seen, shown) {
  return [...seen, ...shown.map((one) => one.id)].slice(-KEPT);
}

/** What is shown: each message, or one that counts them. `all`: where all of them are. */
export function told(messages, all) {
  if (messages.length <= SHOWN) return messages.map(({ id, title, text, path }) => ({ id, title, text: firstLine(text), path }));
  const newest = messages.at(-1);
  return [{ id: newest.id, title: `${messages.length} new messages`, text: `The newest: ${newest.title}`, path: all }];
}

/** The ids that a browser begins with: it shows what is recent, and not the whole week. */
export function firstSeen(items, now) {
  return items.filter((one) => one.at < now - RECENT).map((one) => one.id);
}

/**
 * How long to wait before the server is asked again, in ms. `changed`: something has just happened.
 * `since`: the ms since it was asked.
 */
export function pause({ wanted, changed, failures, since }) {
  const usual = failures > 0 ? FAILED * 2 ** Math.min(failures - 1, 4) : !wanted ? UNWANTED : changed ? BUSY : QUIET;
  return Math.max(changed && failures === 0 ? SENDING : 0, usual - Math.max(0, since));
}

/** The first line of a text, and that there are more. */
function firstLine(text) {
  const [first, ...more] = text.split("\n");
  return more.length > 0 ? `${first} …` : first;
}
