// Which labels an axis has, so that none is cut off or touches the next one. Pure.

const GAP = 12; // px between two labels

/** The bars of `count` that have a label, if each is `widest` px wide at most. */
export function labelled(count, width, widest) {
  if (count === 0 || width <= 0) return [];
  const step = Math.max(1, Math.ceil((widest + GAP) / (width / count)));
  return Array.from({ length: Math.ceil(count / step) }, (_, at) => at * step);
}

/** The range of the vertical axis for values from `low` to `high`, with some room around them. */
export function around(low, high, { zero = false } = {}) {
  if (low === null || high === null || !Number.isFinite(low)) return [0, 1];
  if (zero) [low, high] = [Math.min(0, low), Math.max(0, high)];
  if (low === high) return low === 0 ? [0, 1] : [low - Math.abs(low) * 0.1, high + Math.abs(high) * 0.1];
  const room = (high - low) * 0.06;
  return [low === 0 && zero ? 0 : low - room, high === 0 && zero ? 0 : high + room];
}

/** A number on the axis: short, such as `12K`. */
export function short(number) {
  return number.toLocaleString("en", { notation: "compact", maximumFractionDigits: 2 });
}
