// New changes are counted, never put into the list: a reader's place in it stays.

/** "12 new ↑", as the server counted them; empty for none. Pure. */
export function newText(total) {
  if (total === null || total.count === 0) return "";
  return `${total.count.toLocaleString("en")}${total.exact ? "" : "+"} new \u2191`;
}

/**
 * Returns a function to call when changes have arrived. They are counted `every` ms later, when the
 * server's copy has them, too. `count()` resolves to the total after the newest change of the list.
 */
export function createCounter({ count, show, wait, every }) {
  let runs = false;
  let due = false;
  return async function arrived() {
    due = true;
    if (runs) return;
    runs = true;
    while (due) {
      due = false;
      await wait(every);
      const total = await count().catch(() => null); // the next change counts again
      if (total !== null) show(newText(total));
    }
    runs = false;
  };
}
