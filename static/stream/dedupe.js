// An event whose id is among the last 10,000 is not shown again: a resume may repeat events.

export const DEDUPE_LIMIT = 10_000;

/** Remembers the newest `limit` ids. */
export function createDedupe(limit = DEDUPE_LIMIT) {
  const seen = new Set(); // iterates in insertion order, oldest first

  return {
    has: (id) => seen.has(id),

    /** Whether `id` is new; remembers it. */
    first(id) {
      if (seen.has(id)) return false;
      seen.add(id);
      if (seen.size > limit) seen.delete(seen.values().next().value);
      return true;
    },
  };
}
