// An event whose id is among the last 10,000 is not shown again: a resume may repeat events.

export const DEDUPE_LIMIT = 10_000;

/** Remembers the newest `limit` ids. */
export function createDedupe(limit = DEDUPE_LIMIT) {
  const seen = new Set();
  // In turn: to find the oldest one in the set, it would step over all that were deleted from it.
  const turns = [];
  let turn = 0;

  return {
    has: (id) => seen.has(id),

    /** Whether `id` is new; remembers it. */
    first(id) {
      if (seen.has(id)) return false;
      seen.delete(turns[turn]);
      seen.add(id);
      turns[turn] = id;
      turn = (turn + 1) % limit;
      return true;
    },
  };
}
