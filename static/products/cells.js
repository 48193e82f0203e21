// Stock cells follow the stream; an event older than what a row shows is not news to it.

/** Whether an event may change a row that shows `version`. Pure. */
export function isNews(version, event) {
  const theirs = event.after?.Version;
  // Other programs leave Version alone or out, and large images are not sent: then order decides.
  return typeof theirs !== "number" || theirs >= version;
}

/** Whether a stock is at or below its reorder point. Pure; `null` is unknown. */
export function isLow(stock, reorderPoint) {
  return stock !== null && reorderPoint !== null && stock <= reorderPoint;
}

/** Keeps the rows of `table` up to date. */
export function createCells(table) {
  const rows = new Map(
    [...table.querySelectorAll("[data-product]")].map((row) => [row.dataset.product, row]),
  );

  function show(row, stock, version) {
    const cell = row.querySelector("[data-part=stock]");
    const text = stock === null ? "not a count" : String(stock);
    const reorder = row.dataset.reorder === "" ? null : Number(row.dataset.reorder);
    row.querySelector("[data-part=low]").hidden = !isLow(stock, reorder);
    if (version !== null) row.dataset.version = version;
    if (cell.textContent === text) return;
    cell.textContent = text;
    cell.classList.remove("moved");
    requestAnimationFrame(() => cell.classList.add("moved")); // begins the animation anew
  }

  return {
    has: (productId) => rows.has(productId),

    /** A product as the API answered it. */
    set(row, product) {
      if (product.version >= Number(row.dataset.version)) show(row, product.stock, product.version);
    },

    /** An event's data. */
    apply(event) {
      const row = rows.get(event.product_id);
      if (row === undefined) return;
      if (event.kind === "gap") return; // what it tells is older than the change that follows it
      if (event.event_name === "REMOVE") {
        row.classList.add("gone");
        return;
      }
      // A product made anew under the same id counts its versions from 1 again.
      const anew = row.classList.contains("gone");
      if (!anew && !isNews(Number(row.dataset.version), event)) return;
      row.classList.remove("gone");
      if (event.view_type === "KEYS_ONLY" || event.view_type === "OLD_IMAGE") return;
      show(row, event.stock_after, event.after?.Version ?? null);
    },
  };
}
