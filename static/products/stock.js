// What a row shows about a stock. Pure; app/web/pages/products/list_rows.py is its twin, and
// tests/js/stock.json tests both.

const MOST_DAYS = 999;

/** What needs attention: "negative", "out", "low" or "". `null` is unknown. */
export function levelOf(stock, lowAt) {
  if (stock === null) return "";
  const number = Number(stock);
  if (number < 0) return "negative";
  if (number === 0) return "out";
  return lowAt !== null && number <= Number(lowAt) ? "low" : "";
}

/** Whole days until the stock is sold, as text; `rate`: units sold a day, or null. */
export function daysLeft(stock, rate) {
  if (stock === null || !rate) return "";
  const days = Math.max(Number(stock), 0) / rate;
  if (days > MOST_DAYS) return `> ${MOST_DAYS}`;
  return days > 0 && days < 1 ? "< 1" : String(Math.floor(days));
}
