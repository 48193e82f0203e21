// The column "Moved since" follows the stream: what was sold after a product was counted.

import { signed } from "../rows/format.js";

const REMEMBERED = 2_000; // products whose newest stock is kept for lines that come later

/** By how much a stock has moved, as text; empty if it has not. Stocks have up to 6 decimals. Pure. */
export function movedText(book, now) {
  const moved = Math.round((Number(now) - Number(book)) * 1e6) / 1e6;
  return moved === 0 ? "" : signed(moved);
}

/** Keeps the lines below `root()` up to date. */
export function createMoved(root) {
  const newest = new Map();

  function show(row) {
    const now = newest.get(row.dataset.product);
    if (now === undefined || row.dataset.book === undefined) return;
    const cell = row.querySelector("[data-part=moved]");
    const text = movedText(row.dataset.book, now);
    if (cell.textContent !== text) cell.textContent = text;
  }

  return {
    /** Show new events. */
    apply(events) {
      const touched = new Set();
      for (const event of events) {
        if (event.stock_after === null || event.stock_after === undefined) continue;
        newest.delete(event.product_id);
        newest.set(event.product_id, event.stock_after);
        if (newest.size > REMEMBERED) newest.delete(newest.keys().next().value);
        touched.add(event.product_id);
      }
      if (touched.size === 0) return;
      for (const row of root().querySelectorAll("tr[data-book]")) {
        if (touched.has(row.dataset.product)) show(row);
      }
    },

    /** Show what is known about lines that have been put in place. */
    renew() {
      for (const row of root().querySelectorAll("tr[data-book]")) show(row);
    },
  };
}
