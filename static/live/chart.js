// Changes per minute as a bar chart; without the vendored library only the table is shown.

const HEIGHT = 72;

/** Resolves to a function that draws [seconds, changes], or to null if uPlot is missing. */
export async function createChart(holder, times) {
  let uPlot;
  try {
    ({ default: uPlot } = await import("../vendor/uPlot.esm.js"));
  } catch {
    return null;
  }
  let data = [[], []];
  let plot = null;

  function draw() {
    const colour = (name) => getComputedStyle(holder).getPropertyValue(name).trim();
    plot?.destroy();
    plot = new uPlot(options(uPlot, holder.clientWidth, colour, times), data, holder);
  }

  holder.hidden = false;
  draw();
  new ResizeObserver(() => plot.setSize({ width: holder.clientWidth, height: HEIGHT })).observe(holder);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  return function show(series) {
    data = series;
    plot.setData(data);
  };
}

function options(uPlot, width, colour, times) {
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    padding: [8, 10, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: { y: { range: (_, low, high) => [0, Math.max(4, high)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 20, space: 60, font: "11px system-ui",
        values: (_, splits) => splits.map((second) => times.minute(second * 1000)) },
      { ...axis, size: 34, space: 24, font: "11px system-ui",
        values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? value : "")) },
    ],
    series: [
      {},
      { fill: colour("--accent"), stroke: colour("--accent"), width: 0, points: { show: false },
        paths: uPlot.paths.bars({ size: [0.7, 24] }) },
    ],
  };
}
