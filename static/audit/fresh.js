// New changes are counted, never put into the list: a reader's place in it stays.

/** "12 new ↑", as the server counted them; empty for none. Pure. */
export function newText(total) {
  if (total === null || total.count === 0) return "";
  return `${total.count.toLocaleString("en")}${total.exact ? "" : "+"} new \u2191`;
}

/**
 * Returns a function to call when changes have arrived: it counts those that the search finds, at
 * most once in `every` ms. `count()` resolves to the total of the list after its newest change.
 */
export function createCounter({ count, show, wait, every }) {
  let waits = false;
  return async function arrived() {
    if (waits) return;
    waits = true;
    await wait(every);
    waits = false;
    const total = await count().catch(() => null); // the next change counts again
    if (total !== null) show(newText(total));
  };
}
