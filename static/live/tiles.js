// The tiles continue the server's numbers: each event adds what it changed.
//
// Pure. app/web/pages/live/tiles.py counts the same; tests/js/effects.json tests both.

import { isBaseline, isSynthetic } from "../rows/format.js";
import { isLow, unitOf } from "../rows/level.js";

export const WINDOW = 60; // minutes
const MINUTE = 60_000;
const NO_BEFORE = new Set(["INSERT", "inserted"]);
const NO_AFTER = new Set(["REMOVE", "deleted", "expired"]);
const NONE = Object.freeze({ products: 0, units: [], low: 0, out: 0 });

/** What an event's data changes: products, stock as pairs of unit and change, products low and out. */
export function effectOf(data, levelNames) {
  // A product that is older than its recording was counted before it was recorded.
  if (data.kind === "gap" || data.kind === "internal" || isBaseline(data)) return NONE;
  const what = data.kind === "reconciled" ? data.event_name : data.kind;
  const products = Number(!NO_AFTER.has(what)) - Number(!NO_BEFORE.has(what));
  // Without both images, the stock is unknown on one side.
  if (data.view_type !== "NEW_AND_OLD_IMAGES") return { ...NONE, products };
  const [before, after] = [data.stock_before, data.stock_after];
  const out = (stock) => Number(stock !== null && Number(stock) <= 0);
  const low = (stock, image) => Number(isLow(stock, image, levelNames));
  const units = [...added(new Map(), [
    [unitOf(data.before, data.unit, levelNames), -Number(before ?? 0)],
    [unitOf(data.after, data.unit, levelNames), Number(after ?? 0)],
  ])];
  return {
    products,
    units: units.map(([unit, change]) => [unit, rounded(change)]).filter(([, change]) => change !== 0),
    low: low(after, data.after) - low(before, data.before),
    out: out(after) - out(before),
  };
}

/**
 * `minutes` and `delays` are pairs of a minute (since 1970) and its changes or longest delay in ms;
 * `since` is when the count begins, or null; `stock` is {products, units, low, out}, or null, where
 * `units` are pairs of a unit and its stock, first that of most products.
 */
export function createTiles({ minutes = [], delays = [], since = null, stock = null }, levelNames) {
  const counts = new Map(minutes);
  const longest = new Map(delays);
  const sums = stock && { ...stock };
  const units = new Map(stock?.units.map(([unit, number]) => [unit, Number(number)]));

  let kept = 0; // the minute that the window ended with

  function last(now) {
    const minute = Math.floor(now / MINUTE);
    if (minute === kept) return minute;
    kept = minute;
    for (const map of [counts, longest]) {
      for (const number of map.keys()) if (number <= minute - WINDOW) map.delete(number);
    }
    return minute;
  }

  return {
    /** Count one event's data. */
    add(data, now) {
      if (data.counted) return;
      if (sums !== null) {
        const effect = effectOf(data, levelNames);
        for (const name of ["products", "low", "out"]) sums[name] += effect[name];
        added(units, effect.units);
      }
      if (isSynthetic(data)) return;
      // The clocks of store and browser differ a little; count a future event as now.
      const minute = Math.min(Math.floor(Date.parse(data.occurred_at) / MINUTE), last(now));
      if (minute > last(now) - WINDOW) counts.set(minute, (counts.get(minute) ?? 0) + 1);
    },

    /** A change takes so many ms now. */
    delay(ms, now) {
      const minute = last(now);
      if (ms > 0) longest.set(minute, Math.max(ms, longest.get(minute) ?? 0));
    },

    /** The numbers now; null for those that are not known. */
    numbers(now) {
      last(now);
      return {
        ...(sums ?? { products: null, low: null, out: null }),
        units: sums && (units.size > 0 ? [...units] : [["", 0]]),
        changes: [...counts.values()].reduce((sum, count) => sum + count, 0),
        lag: longest.size > 0 ? Math.max(...longest.values()) : null,
        since: since !== null && since > now - WINDOW * MINUTE ? since : null,
      };
    },

    /** Changes by minute as an SVG path, one unit wide each, and at most `height` high. */
    line(now, height) {
      const end = last(now);
      const series = Array.from({ length: WINDOW }, (_, at) => counts.get(end - WINDOW + 1 + at) ?? 0);
      const most = Math.max(4, ...series);
      return `M${series.map((count, x) => `${x} ${(height - (height * count) / most).toFixed(1)}`).join("L")}`;
    },
  };
}

/** A duration in ms: `0.4 s`, `12 s`, `3 min`. */
export function seconds(ms) {
  const time = ms / 1000;
  if (time >= 120) return `${Math.round(time / 60)} min`;
  return `${time.toFixed(time < 10 ? 1 : 0)} s`;
}

// Adds pairs of a unit and a number to `sums`.
function added(sums, pairs) {
  for (const [unit, number] of pairs) sums.set(unit, rounded((sums.get(unit) ?? 0) + number));
  return sums;
}

// Stocks have up to six decimals; binary sums of them are rounded back.
function rounded(number) {
  return Math.round(number * 1e6) / 1e6;
}
