// Stock cells follow the stream; an event older than its row is ignored.

import { quantity } from "../rows/format.js";

/** Whether an event may change a row that shows `version`. Pure. */
export function isNewer(version, event, metadata) {
  const theirs = event.after?.[metadata]?.version;
  // Other programs do not count our writes, and large images are not sent. Then the newest event wins.
  return typeof theirs !== "number" || theirs >= version;
}

/** Whether a stock is at or below its reorder point. Pure; `null` is unknown. */
export function isLow(stock, reorderPoint) {
  return stock !== null && reorderPoint !== null && Number(stock) <= Number(reorderPoint);
}

/** Keeps the rows of `table` up to date. */
export function createCells(table, metadata) {
  const rows = new Map(
    [...table.querySelectorAll("[data-product]")].map((row) => [row.dataset.product, row]),
  );

  function show(row, stock, unit, version) {
    const cell = row.querySelector("[data-part=stock]");
    const text = stock === null ? "no valid count" : quantity(stock, unit);
    const reorder = row.dataset.reorder === "" ? null : Number(row.dataset.reorder);
    row.querySelector("[data-part=low]").hidden = !isLow(stock, reorder);
    if (version !== null) row.dataset.version = version;
    if (cell.textContent === text) return;
    cell.textContent = text;
    cell.classList.remove("moved");
    requestAnimationFrame(() => cell.classList.add("moved")); // restarts the animation
  }

  return {
    has: (productId) => rows.has(productId),

    /** Show a product that the API returned. */
    set(row, product) {
      if (product.version >= Number(row.dataset.version)) show(row, product.stock, product.unit, product.version);
    },

    /** Show an event's data. */
    apply(event) {
      const row = rows.get(event.product_id);
      if (row === undefined) return;
      if (event.kind === "gap") return; // it describes changes older than the event that follows
      if (event.event_name === "REMOVE" || event.kind === "deleted") {
        row.classList.add("gone");
        return;
      }
      // A product created again under the same id starts at version 1.
      const recreated = row.classList.contains("gone");
      if (!recreated && !isNewer(Number(row.dataset.version), event, metadata)) return;
      row.classList.remove("gone");
      if (event.view_type === "KEYS_ONLY" || event.view_type === "OLD_IMAGE") return;
      show(row, event.stock_after, event.unit, event.after?.[metadata]?.version ?? null);
    },
  };
}
