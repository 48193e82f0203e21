// Parts of bars are stacked: what came in upwards from zero, what went out downwards. Pure.

/** For each bar its parts `{part, from, to}`, where `part` is a place in `parts`. */
export function stacked(parts) {
  const bars = Array.from({ length: parts[0]?.up.length ?? 0 }, () => []);
  bars.forEach((bar, at) => {
    let [top, bottom] = [0, 0];
    parts.forEach(({ up, down }, part) => {
      if (up[at] > 0) bar.push({ part, from: top, to: (top += up[at]) });
      if (down[at] > 0) bar.push({ part, from: bottom, to: (bottom -= down[at]) });
    });
  });
  return bars;
}

/** The place in `parts` of what a bar has at a height; null for nothing. */
export function partAt(bar, height) {
  const found = bar.find(({ from, to }) => height >= Math.min(from, to) && height <= Math.max(from, to));
  return found?.part ?? null;
}

/** The lowest and the highest end of all bars. */
export function ends(bars) {
  const all = bars.flatMap((bar) => bar.map(({ to }) => to));
  return [Math.min(0, ...all), Math.max(0, ...all)];
}
