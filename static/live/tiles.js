// Changes are counted by minute for the last hour, with the time since when the count is complete.
//
// Quantities of different units have no sum. Pure. It starts with the server's counts (app/web/pages/tiles.py); each event adds to them.

import { isOutside, isSynthetic, quantity } from "../rows/format.js";

export const WINDOW = 60; // minutes
const MIXED = "mixed";
const MINUTE = 60_000;
const EMPTY = Object.freeze({ changes: 0, in: 0, out: 0, outside: 0 });

/**
 * Counts by minute. `minutes`: [{number, changes, in, out, outside, units}]; `since`: ms or null.
 * `units` are those of the quantities in and out; "" stands for none.
 */
export function createTiles(minutes = [], since = null) {
  const counts = new Map(
    minutes.map(({ number, units = [], ...rest }) => [number, { ...rest, units: new Set(units) }]),
  );
  let completeFrom = since;

  function windowOf(now) {
    const last = Math.floor(now / MINUTE);
    for (const number of counts.keys()) if (number <= last - WINDOW) counts.delete(number);
    return Array.from({ length: WINDOW }, (_, index) => last - WINDOW + 1 + index);
  }

  return {
    /** Count one event's data, if it is an observed change within the window. */
    add(data, now) {
      if (isSynthetic(data) || data.counted) return;
      const last = Math.floor(now / MINUTE);
      // The clocks of store and browser differ a little; count a future event as now.
      const number = Math.min(Math.floor(Date.parse(data.occurred_at) / MINUTE), last);
      if (!(number > last - WINDOW)) return;
      const minute = counts.get(number) ?? { ...EMPTY, units: new Set() };
      const delta = data.kind === "stock_changed" ? Number(data.delta) : 0;
      minute.changes += 1;
      minute.in += Math.max(delta, 0);
      minute.out += Math.max(-delta, 0);
      minute.outside += isOutside(data) ? 1 : 0;
      if (delta !== 0) minute.units.add(data.unit ?? "");
      counts.set(number, minute);
    },

    /** Events were missed: the count is complete only from `since` on. */
    incompleteBefore(since) {
      completeFrom = Math.max(completeFrom ?? 0, since);
    },

    /** The time since when the count is complete; null if it covers the whole hour. */
    since(now) {
      return completeFrom !== null && completeFrom > now - WINDOW * MINUTE ? completeFrom : null;
    },

    /** Sums over the window, and the units of the quantities among them. */
    totals(now) {
      const sum = { ...EMPTY };
      const units = new Set();
      for (const number of windowOf(now)) {
        const minute = counts.get(number);
        if (minute === undefined) continue;
        for (const name of Object.keys(sum)) sum[name] += minute[name];
        for (const unit of minute.units) units.add(unit);
      }
      // Stocks have up to six decimals; binary sums of them are rounded back.
      for (const name of Object.keys(sum)) sum[name] = Math.round(sum[name] * 1e6) / 1e6;
      return { ...sum, units };
    },

    /** Changes per minute, oldest first: [seconds since 1970], [changes]. */
    series(now) {
      const numbers = windowOf(now);
      return [
        numbers.map((number) => number * 60),
        numbers.map((number) => (counts.get(number) ?? EMPTY).changes),
      ];
    },
  };
}

/** The text of one tile (`changes`, `in`, `out` or `outside`). */
export function tileText(totals, name) {
  const number = totals[name].toLocaleString("en");
  if (name !== "in" && name !== "out") return number;
  if (totals.units.size > 1) return MIXED;
  return quantity(number, [...totals.units][0]);
}
