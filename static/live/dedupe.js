// An id seen among the last 10,000 is not shown again: a resume may repeat events (DESIGN §6).

export const DEDUPE_LIMIT = 10_000;

/** Remembers the newest `limit` ids. */
export function createDedupe(limit = DEDUPE_LIMIT) {
  const seen = new Set(); // iterates in the order of insertion, so its first is the oldest

  return {
    has: (id) => seen.has(id),

    /** Whether `id` comes for the first time; it is remembered. */
    first(id) {
      if (seen.has(id)) return false;
      seen.add(id);
      if (seen.size > limit) seen.delete(seen.values().next().value);
      return true;
    },
  };
}
