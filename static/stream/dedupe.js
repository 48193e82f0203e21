// An event whose id is among the last 10,000 is not shown again: a resume may repeat events.

export const DEDUPE_LIMIT = 10_000;

/** Remembers the newest `limit` ids. */
export function createDedupe(limit = DEDUPE_LIMIT) {
  // In turn: a set finds its oldest member by stepping over all that were deleted from it.
  const turns = [];
  let turn = 0;
  let seen = new Set();

  return {
    has: (id) => seen.has(id),

    /** Whether `id` is new; remembers it. */
    first(id) {
      if (seen.has(id)) return false;
      seen.delete(turns[turn]);
      seen.add(id);
      turns[turn] = id;
      turn = (turn + 1) % limit;
      // With what was deleted, a set would grow to twice its size before it is tidied.
      if (turn % Math.ceil(limit / 2) === 0) seen = new Set(turns);
      return true;
    },
  };
}
