// A tab shows the events that the server would send it under the same parameters.
//
// The rules are those of app/broker/filters.py; tests/js/filters.json tests both. An empty
// parameter, as a form without JavaScript sends it, is not set. Pure.

import { isOutside } from "../rows/format.js";

const LISTS = ["kind", "reason"]; // repeatable: any of the values
const TEXTS = ["product_id", "category", "actor"];
const AMOUNT = /^(?=.*[1-9])\d{1,40}(\.\d{1,40})?$/;

/**
 * @typedef {{kind: string[], reason: string[], product_id: string, category: string,
 *   actor: string, min_delta: string, outside: string}} Filter
 */

/**
 * The filter in a query; other parameters and an amount that is no positive number are ignored.
 * @param {URLSearchParams} query
 * @returns {Filter}
 */
export function parseFilter(query) {
  const filter = Object.fromEntries([
    ...LISTS.map((name) => [name, query.getAll(name).filter(Boolean)]),
    ...TEXTS.map((name) => [name, query.get(name) ?? ""]),
  ]);
  const amount = query.get("min_delta") ?? "";
  const outside = query.get("outside") ?? "";
  return {
    ...filter,
    min_delta: AMOUNT.test(amount) ? amount : "",
    outside: outside === "true" || outside === "false" ? outside : "",
  };
}

/**
 * The query that `parseFilter` reads, without parameters that are not set.
 * @param {Filter} filter
 */
export function toQuery(filter) {
  const query = new URLSearchParams();
  for (const name of LISTS) for (const value of filter[name]) query.append(name, value);
  for (const name of [...TEXTS, "min_delta", "outside"]) if (filter[name]) query.set(name, filter[name]);
  return query;
}

/** Whether an event's data meets every condition of the filter. */
export function passes(filter, data) {
  return (
    LISTS.every((name) => filter[name].length === 0 || filter[name].includes(data[name])) &&
    TEXTS.every((name) => filter[name] === "" || filter[name] === data[name]) &&
    (filter.min_delta === "" || reaches(data.delta ?? 0, filter.min_delta)) &&
    (filter.outside === "" || filter.outside === String(isOutside(data)))
  );
}

// Compares digits, because a large delta is a string whose digits a number would round.
function reaches(delta, least) {
  const [change, limit] = [String(delta).replace("-", ""), least].map((text) => text.split("."));
  const whole = Math.max(change[0].length, limit[0].length);
  const places = Math.max(change[1]?.length ?? 0, limit[1]?.length ?? 0);
  const padded = ([digits, fraction = ""]) =>
    digits.padStart(whole, "0") + fraction.padEnd(places, "0");
  return padded(change) >= padded(limit);
}
