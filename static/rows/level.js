// A stock needs attention when it is low, out or negative. Pure.
//
// app/web/pages/rows/stock_level.py decides the same; tests/js/rows.json tests both.

const DEFAULT_NAMES = { reorderPoint: "ReorderPoint", noReorder: "NoReorder", unit: "" };

/** The level of a stock ("", "low", "out" or "negative"); without the image it is never low. */
export function levelOf(stock, image, names) {
  if (stock === null || stock === undefined) return "";
  const units = Number(stock);
  if (units <= 0) return units < 0 ? "negative" : "out";
  return isLow(stock, image, names) ? "low" : "";
}

/** Whether a stock is at or below its reorder point, if that counts; it may be out, too. */
export function isLow(stock, image, names = DEFAULT_NAMES) {
  if (stock === null || stock === undefined || image === null) return false;
  const point = valueAt(image, names.reorderPoint);
  const counts = typeof point === "number" && point > 0 && valueAt(image, names.noReorder) !== true;
  return counts && Number(stock) <= point;
}

/** The unit of a stock in the image, or `unit` if there is none; empty without a unit. */
export function unitOf(image, unit, names = DEFAULT_NAMES) {
  if (image === null || !names.unit) return unit ?? "";
  const value = valueAt(image, names.unit);
  return typeof value === "string" ? value : "";
}

/** The value of an attribute, which may lie inside maps: `inventory.qty`; undefined without one. */
export function valueAt(image, name) {
  if (Object.hasOwn(image, name)) return image[name];
  if (!name.includes(".")) return undefined;
  let value = image;
  for (const part of name.split(/(?<!\.)\.(?!\.)/)) {
    const key = part.replaceAll("..", ".");
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}
