// The stock as steps, with the reorder point and what explains the jumps; the table has the same.

import { axisIn, createPlot } from "../charts/plot.js";

const HEIGHT = 240;
const NAMES = {
  counted: "counted", inserted: "created", deleted: "deleted", expired: "expired",
  gap: "changes may be missing", reconciled: "found different",
};
const LOUD = new Set(["gap", "reconciled"]);

/** The stock at a second: that of the last step up to then; undefined before the first. Pure. */
export function stockAt(data, second) {
  let low = 0;
  let high = data.times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (data.times[middle] <= second) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? undefined : data.stock[low - 1];
}

/** The range of the vertical axis: from 0 or the lowest stock, with the reorder point in it. Pure. */
export function verticalRange(data, low, high) {
  const top = Math.max(high ?? 1, data.low ?? 0, 1);
  const bottom = Math.min(0, low ?? 0);
  return [bottom, top + (top - bottom) * 0.06];
}

/**
 * Draws into `holder` and returns `{show(data), point(second)}`; null if uPlot cannot be loaded.
 * `data`: `{since, until, times, stock, low, marks}` in seconds.
 */
export async function createChart(holder, times, first) {
  let data = first;
  let second = null;
  const tip = document.createElement("span");
  tip.className = "chart-tip";
  const plot = await createPlot(holder, HEIGHT, options, () => [data.times, data.stock], () => holder.append(tip));
  if (plot === null) return null;

  function options(colour, uPlot) {
    const axis = axisIn(colour);
    return {
      padding: [10, 12, 0, 0],
      tzDate: (second) => uPlot.tzDate(new Date(second * 1000), times.zone), // days begin in that zone, too
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { range: () => [data.since, data.until] },
        y: { range: (_, low, high) => verticalRange(data, low, high) },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 24, space: 80, values: (_, splits) => labels(splits) },
        { ...axis, grid: { stroke: colour("--line"), width: 1 }, size: 46, space: 34 },
      ],
      series: [{}, {
        stroke: colour("--ink"), width: 1.5, points: { show: false },
        fill: `color-mix(in srgb, ${colour("--muted")} 10%, transparent)`,
        paths: uPlot.paths.stepped({ align: 1 }),
      }],
      hooks: { draw: [(u) => overlay(u, colour)], setCursor: [read] },
    };
  }

  function label(at) {
    return data.until - data.since > 2 * 86400 ? times.day(at * 1000) : times.minute(at * 1000);
  }

  // Within one minute or day, several places have the same label: the first has it.
  function labels(splits) {
    return splits.map(label).map((text, place, all) => (text === all[place - 1] ? "" : text));
  }

  // The reorder point, the marks, and the point that is looked at.
  function overlay(u, colour) {
    const { ctx, bbox } = u;
    const scale = devicePixelRatio;
    ctx.save();
    if (data.low !== null) {
      const y = u.valToPos(data.low, "y", true);
      line(ctx, bbox.left, y, bbox.left + bbox.width, y, colour("--attention"), [4 * scale, 4 * scale], scale);
    }
    for (const [at, what] of data.marks) {
      if (at < data.since || at > data.until) continue;
      const x = u.valToPos(at, "x", true);
      const y = u.valToPos(stockAt(data, at) ?? 0, "y", true);
      ctx.fillStyle = colour(LOUD.has(what) ? "--attention" : "--muted");
      ctx.beginPath();
      ctx.moveTo(x, y - 5 * scale);
      ctx.lineTo(x + 5 * scale, y);
      ctx.lineTo(x, y + 5 * scale);
      ctx.lineTo(x - 5 * scale, y);
      ctx.fill();
    }
    if (second !== null) {
      const x = u.valToPos(second, "x", true);
      line(ctx, x, bbox.top, x, bbox.top + bbox.height, colour("--accent"), [], 2 * scale);
    }
    ctx.restore();
  }

  function line(ctx, x1, y1, x2, y2, stroke, dash, width) {
    ctx.strokeStyle = stroke;
    ctx.lineWidth = width;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(x1, y1);
    ctx.lineTo(x2, y2);
    ctx.stroke();
  }

  function read(u) {
    const at = u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : null;
    tip.textContent = at === null ? "" : words(at, (data.until - data.since) / holder.clientWidth);
  }

  function words(at, perPixel) {
    const stock = stockAt(data, at);
    const near = data.marks.filter(([when]) => Math.abs(when - at) < 6 * perPixel).map(([, what]) => NAMES[what] ?? what);
    const amount = stock === undefined ? "not known" : stock === null ? "no product" : String(stock);
    return [times.long(at * 1000), amount, ...new Set(near)].join(" · ");
  }

  return {
    show(next) {
      data = next;
      plot.renew();
    },
    point(next) {
      second = next;
      plot.redraw();
    },
  };
}
