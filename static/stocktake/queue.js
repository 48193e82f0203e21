// Scans that the server does not have yet are kept in the browser, oldest first: a reload or a lost
// network loses none. Each has an id, by which the server knows a scan that is sent twice.

export const MOST = 500;
const KEY = "stockpulse-scans";

/** `storage` is like `localStorage`; another tab may use the same one. */
export function createQueue(storage) {
  let own = []; // if the browser keeps nothing
  let isFull = false;

  function read() {
    if (isFull) return own;
    try {
      const kept = JSON.parse(storage.getItem(KEY) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return own;
    }
  }

  function write(scans) {
    own = scans;
    try {
      storage.setItem(KEY, JSON.stringify(scans));
      isFull = false;
    } catch {
      isFull = true; // they are kept while the page is open
    }
  }

  return {
    /** Adds a scan, `{id, draft, …}`; false if too many wait. */
    add(scan) {
      const scans = read();
      if (scans.length >= MOST) return false;
      write([...scans, scan]);
      return true;
    },

    /** The oldest scan; null if none waits. */
    first() {
      return read()[0] ?? null;
    },

    /** Forgets a scan that was answered. */
    done(id) {
      write(read().filter((scan) => scan.id !== id));
    },

    /** Scans of a list that takes no more go to another one. */
    move(draft, to) {
      write(read().map((scan) => (scan.draft === draft ? { ...scan, draft: to } : scan)));
    },

    /** How many wait for this list. */
    countOf(draft) {
      return read().filter((scan) => scan.draft === draft).length;
    },

    /** How many wait. */
    get size() {
      return read().length;
    },
  };
}
