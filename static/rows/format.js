// A change's row is made from its event alone; what the event does not show is never guessed.
//
// Pure. app/web/pages/event_rows.py makes the same rows on the server; tests/js/rows.json tests
// both. The input is the `data` of a change event's CloudEvents object.

import { levelOf, valueAt } from "./level.js";

export const MINUS = "\u2212";
export const ARROW = "\u2192";
export const OUTSIDE = "outside Stockpulse";
export const NOT_RECORDED = "not recorded";

const VALUE_LIMIT = 24; // characters; a row is one line, so longer values are left out
const SHOWN_CHANGES = 3;
const OURS = new Set(["inserted", "stock_changed", "updated", "deleted"]);

const LABELS = {
  inserted: ["+", "new"],
  stock_changed: ["\u00b1", "stock changed"],
  updated: ["\u270e", "edited"],
  deleted: ["\u00d7", "deleted"],
  expired: ["\u25f7", "expired"],
  gap: ["!", "gap"],
  reconciled: ["=", "reconciled"],
};

// What happened to the stock, by its reason; the other reasons are such words themselves.
const HAPPENED = { transfer: "transferred", correction: "corrected" };

/**
 * All texts of a change's row. `label` says what happened in a word, and `reason` is empty if that
 * says it; `level` is what became of the stock if that needs attention.
 */
export function describe(data, stockName = "Stock", levelNames = undefined) {
  const [mark, kind] = LABELS[data.kind] ?? ["", data.kind];
  const reason = data.reason ?? "";
  const isCount = countedAsBooked(data);
  const told = isCount || (data.kind === "stock_changed" && reason !== "");
  const direction = data.kind !== "stock_changed" ? "" : Number(data.delta) > 0 ? "up" : "down";
  const shard = data.product_id.startsWith("\0"); // the gap of a whole shard
  const name = shard ? "Unknown products" : data.product_name || data.product_id;
  return {
    id: data.id,
    kind: data.kind,
    direction,
    mark: direction === "up" ? "\u25b2" : direction === "down" ? "\u25bc" : mark,
    label: told ? (HAPPENED[reason] ?? reason) : kind,
    productId: data.product_id,
    name,
    shownId: shard || name === data.product_id ? "" : data.product_id,
    change: changeText(data, stockName),
    level: isSynthetic(data) ? "" : levelOf(data.stock_after, data.after, levelNames),
    who: who(data),
    outside: isOutside(data),
    reason: told ? "" : reason,
    note: isSynthetic(data) ? "" : (data.note ?? ""),
    reference: data.reference ?? "",
    reverses: data.reverses ?? "",
    undoable: OURS.has(data.kind) && !isCount && data.view_type === "NEW_AND_OLD_IMAGES",
    occurredAt: data.occurred_at,
  };
}

/** What happened, in a few words: `12 → 9 (−3)`, `Price 9.99 → 8.99`, `50 in stock`. */
export function changeText(data, stockName = "Stock") {
  switch (data.kind) {
    case "inserted":
      return data.stock_after === null ? "" : `${stock(data, "after")} in stock`;
    case "deleted":
    case "expired":
      return data.stock_before === null ? "" : `last stock ${stock(data, "before")}`;
    case "gap":
      return `Changes may be missing here: ${data.note}`;
    case "reconciled":
      return reconciledText(data, stockName);
    default:
      return changedText(data, stockName);
  }
}

function changedText(data, stockName) {
  const { stock_before: before, stock_after: after } = data;
  const parts = [];
  if (before !== null && after !== null) {
    if (before !== after) parts.push(`${before} ${ARROW} ${stock(data, "after")} (${signed(data.delta)})`);
  } else if (data.before === null && after !== null) {
    parts.push(`now ${stock(data, "after")} in stock`);
  } else if (data.after === null && before !== null) {
    parts.push(`had ${stock(data, "before")} in stock`);
  }
  addAttributes(parts, data, stockName, attributeText);
  if (parts.length > 0) return parts.join("; ");
  if (countedAsBooked(data)) return `${stock(data, "after")}, as booked`;
  return data.view_type === "NEW_AND_OLD_IMAGES" ? "no attribute changed" : `details ${NOT_RECORDED}`;
}

/** Whether an event is a count that found what was booked, and so changed nothing. */
export function countedAsBooked(data) {
  if (data.kind !== "updated" || data.reason !== "counted" || data.changed.length > 0) return false;
  return data.stock_after !== null && data.stock_before === data.stock_after;
}

// What reconciliation found in the table, and what remains unknown.
function reconciledText(data, stockName) {
  const { stock_before: before, stock_after: after } = data;
  if (data.event_name === "REMOVE") {
    const last = before === null ? "" : `: last stock ${stock(data, "before")}`;
    return `Found deleted${last}; author unknown`;
  }
  if (data.event_name === "INSERT") {
    const unknown = isBaseline(data) ? "its history starts here" : "author unknown";
    return `Found in the table${after === null ? "" : `: stock ${stock(data, "after")}`}; ${unknown}`;
  }
  const parts = [];
  if (after !== null && before !== null && before !== after) {
    parts.push(`stock ${stock(data, "after")} instead of ${before}`);
  }
  addAttributes(parts, data, stockName, foundText);
  const what = parts.length > 0 ? `: ${parts.join(", ")}` : "";
  return `Found in the table${what}; author unknown`;
}

// As many attributes as a row has room for, without the stock if `parts` already has it.
function addAttributes(parts, data, stockName, text) {
  const used = parts.length;
  const names = data.changed.filter((name) => !(used > 0 && name === stockName));
  const shown = names.slice(0, SHOWN_CHANGES - used);
  for (const name of shown) parts.push(text(name, data.before, data.after));
  if (names.length > shown.length) parts.push(`${names.length - shown.length} more`);
}

/** An attribute's change, with its values if both are known and short. */
export function attributeText(name, before, after) {
  if (before === null || after === null) return name;
  const [was, is] = [valueAt(before, name), valueAt(after, name)];
  if (is === undefined) return `${name} removed`;
  const now = short(is);
  if (was === undefined) return now === null ? `${name} added` : `${name} ${now} added`;
  const old = short(was);
  return old === null || now === null ? name : `${name} ${old} ${ARROW} ${now}`;
}

// An attribute whose value differs from the last known one.
function foundText(name, before, after) {
  const [was, is] = [valueAt(before ?? {}, name), valueAt(after ?? {}, name)];
  if (was === undefined || is === undefined) return attributeText(name, before, after);
  const [now, old] = [short(is), short(was)];
  return old === null || now === null ? name : `${name} ${now} instead of ${old}`;
}

/** A number with its sign; the minus is U+2212. */
export function signed(number) {
  const text = String(number);
  return Number(text) > 0 ? `+${text}` : Number(text) < 0 ? `${MINUS}${text.slice(1)}` : "0";
}

/** A number with its unit, unless that is too long for a line: `12 kg`. */
export function quantity(number, unit) {
  return unit && [...unit].length <= VALUE_LIMIT ? `${number} ${unit}` : String(number);
}

// The stock before or after the change, with its unit.
function stock(data, when) {
  return quantity(data[`stock_${when}`], data.unit);
}

/** Who made the change, as far as the event shows it. */
export function who(data) {
  if (data.actor) return data.actor;
  if (data.kind === "expired") return "automatic expiry";
  if (isSynthetic(data)) return "";
  return isOutside(data) ? OUTSIDE : NOT_RECORDED;
}

/** Whether Stockpulse wrote this entry itself, instead of reading a change from the stream. */
export function isSynthetic(data) {
  return data.kind === "gap" || data.kind === "reconciled";
}

/** Whether this entry records a product that is older than the stream. */
export function isBaseline(data) {
  return data.kind === "reconciled" && data.sequence_number === "0";
}

/** Whether the event proves that the change was not made through Stockpulse. */
export function isOutside(data) {
  if (data.actor || !OURS.has(data.kind)) return false;
  return (
    data.view_type === "NEW_AND_OLD_IMAGES" ||
    (data.view_type === "NEW_IMAGE" && data.event_name === "INSERT")
  );
}

/** A row as a phrase for a screen reader's summary. */
export function sentence(row) {
  const parts = [row.name, row.label, row.change.replaceAll(ARROW, "to")];
  return parts.filter(Boolean).join(", ");
}

// A value as short text; null if it is empty, too long, or a map or mixed list.
function short(value) {
  if (value === null) return "null";
  if (typeof value === "boolean") return value ? "yes" : "no";
  const flat =
    Array.isArray(value) && value.every((member) => typeof member === "string")
      ? value.join(", ")
      : value;
  if (typeof flat !== "string" && typeof flat !== "number") return null;
  const text = String(flat);
  const length = [...text].length;
  return length > 0 && length <= VALUE_LIMIT ? text : null;
}
