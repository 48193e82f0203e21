// A plot is drawn again when the colours change, and fits its holder's width.

/** The look of an axis in these colours. */
export function axisIn(colour) {
  return { stroke: colour("--muted"), font: "11px system-ui", ticks: { show: false } };
}

/**
 * Draws uPlot into `holder`; null if uPlot cannot be loaded. `optionsOf(colour, uPlot)` are its
 * options without the width, `dataOf()` its data, and `after()` follows each drawing.
 */
export async function createPlot(holder, height, optionsOf, dataOf, after = () => {}) {
  let uPlot;
  try {
    ({ default: uPlot } = await import("../vendor/uPlot.esm.js"));
  } catch {
    return null;
  }
  const colour = (name) => getComputedStyle(holder).getPropertyValue(name).trim();
  let plot = null;

  function draw() {
    plot?.destroy();
    plot = new uPlot({ ...optionsOf(colour, uPlot), width: holder.clientWidth, height }, dataOf(), holder);
    after();
  }

  draw();
  new ResizeObserver(() => {
    if (holder.clientWidth > 0) plot.setSize({ width: holder.clientWidth, height });
  }).observe(holder);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("theme", draw);
  return {
    heightAt: (y) => plot.posToVal(y, "y"),
    renew: () => plot.setData(dataOf()),
    redraw: () => plot.redraw(false),
  };
}
