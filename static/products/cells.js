// Cells follow the stream; rows keep their places, and an event older than its row is ignored.

import { quantity } from "../rows/format.js";
import { daysLeft, levelOf } from "./stock.js";

const REMEMBERED = 1000; // products whose newest event is kept for rows that a search brings

/** Whether an event may change a row that shows `version`. Pure. */
export function isNewer(version, event, metadata) {
  const theirs = event.after?.[metadata]?.version;
  // Other programs do not count our writes, and large images are not sent. Then the newest event wins.
  return typeof theirs !== "number" || theirs >= version;
}

const numberOf = (text) => (text === "" || text === undefined ? null : Number(text));
const rowsOf = (root) =>
  new Map([...root.querySelectorAll("tr[data-product]")].map((row) => [row.dataset.product, row]));

function setText(row, part, text) {
  const cell = row.querySelector(`[data-part=${part}]`);
  if (cell.textContent === text) return;
  cell.textContent = text;
  cell.classList.remove("moved");
  requestAnimationFrame(() => cell.classList.add("moved")); // restarts the animation
}

function showStock(row, stock, unit, version) {
  const level = levelOf(stock, numberOf(row.dataset.reorder));
  row.querySelector("td.stock").dataset.level = level;
  row.querySelector("[data-part=level]").textContent = level;
  row.querySelector("[data-part=days]").textContent = daysLeft(stock, numberOf(row.dataset.rate));
  if (version !== null) row.dataset.version = version;
  setText(row, "stock", stock === null ? "no valid stock" : quantity(stock, unit));
}

/** Keeps the rows below `root` up to date. */
export function createCells(root, metadata) {
  let rows = rowsOf(root);
  const newest = new Map();

  function applyTo(row, event) {
    if (event.event_name === "REMOVE" || event.kind === "deleted") {
      row.classList.add("gone");
      return;
    }
    // A product created again under the same id starts at version 1.
    const recreated = row.classList.contains("gone");
    if (!recreated && !isNewer(Number(row.dataset.version), event, metadata)) return;
    row.classList.remove("gone");
    if (event.view_type === "KEYS_ONLY" || event.view_type === "OLD_IMAGE") return;
    showStock(row, event.stock_after, event.unit, event.after?.[metadata]?.version ?? null);
  }

  return {
    has: (productId) => rows.has(productId),

    /** Show a product that the API returned. */
    set(row, product) {
      if (product.version >= Number(row.dataset.version)) {
        showStock(row, product.stock, product.unit, product.version);
      }
    },

    /** Show an event's data. */
    apply(event) {
      if (event.kind === "gap") return; // it describes changes older than the event that follows
      newest.delete(event.product_id);
      newest.set(event.product_id, event);
      if (newest.size > REMEMBERED) newest.delete(newest.keys().next().value);
      const row = rows.get(event.product_id);
      if (row !== undefined) applyTo(row, event);
    },

    /** Follow the rows that have been put in place of the former ones. */
    renew() {
      rows = rowsOf(root);
      // The server may have read its list before these events arrived there.
      for (const [productId, row] of rows) {
        const event = newest.get(productId);
        if (event !== undefined && event.kind !== "deleted") applyTo(row, event);
      }
    },

    /** Take the texts of the rows that are in both lists from a newer list. */
    patch(list) {
      for (const [productId, fresh] of rowsOf(list)) {
        const row = rows.get(productId);
        if (row === undefined || Number(fresh.dataset.version) < Number(row.dataset.version)) continue;
        for (const name of ["version", "reorder", "rate", "unit", "step"]) {
          row.dataset[name] = fresh.dataset[name];
        }
        row.querySelector("td.stock").dataset.level = fresh.querySelector("td.stock").dataset.level;
        for (const cell of fresh.querySelectorAll("[data-part]")) {
          setText(row, cell.dataset.part, cell.textContent);
        }
      }
    },
  };
}
