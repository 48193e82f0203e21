// One chart of a table's rows: bars of parts, or a line. A bar leads to its changes by a click, by
// touching it twice, and by the link below the chart; the arrow keys choose one.

import { axisIn, createPlot } from "./plot.js";
import { around, labelled, short } from "./scale.js";
import { ends, partAt, stacked } from "./stack.js";

const FONT = "11px system-ui";
const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 7, PageDown: -7 };

/** Draws `data` of `readTable` into `holder`; `reading` is the link below it. Null if it cannot. */
export async function drawChart(holder, reading, data, { kind, name, height }) {
  const { rows, parts, values } = data;
  const last = rows.length - 1;
  const bars = kind === "parts" ? stacked(parts) : [];
  const measure = document.createElement("canvas").getContext("2d");
  measure.font = FONT;
  const widthOf = (text) => Math.ceil(measure.measureText(text).width);
  const widest = Math.max(0, ...rows.map((row) => widthOf(row.short)));
  let chosen = last;
  let touched = null;
  const plot = await createPlot(holder, height, options, dataOf);
  if (plot === null) return null;

  function dataOf() {
    const places = rows.map((_, at) => at);
    if (kind !== "parts") return [places, values];
    const [low, high] = ends(bars);
    return [places, places.map((at) => (at === 0 ? low : high))]; // for the range of the axis alone
  }

  function options(colour) {
    const axis = { ...axisIn(colour), font: FONT };
    return {
      padding: [10, Math.ceil(widest / 2) + 2, 0, 0],
      legend: { show: false },
      cursor: { x: false, y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: () => [-0.5, last + 0.5] },
        y: { range: (_, low, high) => around(low, high, { zero: kind === "parts" }) },
      },
      axes: [
        {
          ...axis, grid: { show: false }, size: 24,
          splits: (u) => labelled(rows.length, u.bbox.width / devicePixelRatio, widest),
          values: (_, places) => places.map((at) => rows[at]?.short ?? ""),
        },
        {
          ...axis, grid: { stroke: colour("--line"), width: 1 }, space: 34,
          values: (_, heights) => heights.map(short),
          size: (_, texts) => Math.max(34, ...(texts ?? []).map((text) => widthOf(text) + 14)),
        },
      ],
      series: [{}, kind === "parts" ? { paths: () => null, points: { show: false } } : {
        stroke: colour("--ink"), width: 1.5, points: { show: last < 60, size: 5, fill: colour("--ink") },
        fill: `color-mix(in srgb, ${colour("--muted")} 10%, transparent)`,
      }],
      hooks: {
        drawClear: [(u) => band(u, `color-mix(in srgb, ${colour("--muted")} 16%, transparent)`)],
        draw: [(u) => drawBars(u, colour("--muted"))],
        setCursor: [(u) => follow(u)],
      },
    };
  }

  // The slot of the chosen bar, behind everything.
  function band({ ctx, bbox }, fill) {
    const slot = bbox.width / rows.length;
    ctx.fillStyle = fill;
    ctx.fillRect(bbox.left + slot * chosen, bbox.top, slot, bbox.height);
  }

  function drawBars(u, axis) {
    if (kind !== "parts") return;
    const { ctx, bbox } = u;
    const slot = bbox.width / rows.length;
    const width = Math.max(1, Math.min(slot * 0.72, 48 * devicePixelRatio));
    const colours = parts.map((part) => colourOf(part.group));
    bars.forEach((bar, at) => {
      for (const { part, from, to } of bar) {
        const [one, other] = [u.valToPos(from, "y", true), u.valToPos(to, "y", true)];
        ctx.fillStyle = colours[part];
        ctx.fillRect(bbox.left + slot * (at + 0.5) - width / 2, Math.min(one, other), width, Math.abs(one - other));
      }
    });
    ctx.fillStyle = axis;
    ctx.fillRect(bbox.left, Math.round(u.valToPos(0, "y", true)), bbox.width, devicePixelRatio);
  }

  function colourOf(group) {
    const swatch = holder.parentElement.querySelector(`[data-group="${group}"]`);
    return getComputedStyle(swatch).getPropertyValue("--series").trim();
  }

  const placeAt = (u) => Math.max(0, Math.min(last, Math.round(u.posToVal(u.cursor.left, "x"))));

  function follow(u) {
    if (u.cursor.left >= 0 && placeAt(u) !== chosen) choose(placeAt(u));
  }

  function choose(at) {
    chosen = Math.max(0, Math.min(last, at));
    const row = rows[chosen];
    reading.textContent = row.words;
    if (row.href) reading.href = row.href;
    else reading.removeAttribute("href");
    holder.setAttribute("aria-valuenow", String(chosen));
    holder.setAttribute("aria-valuetext", row.words);
    plot.redraw();
  }

  function open(href) {
    if (href) location.assign(href);
  }

  holder.addEventListener("click", (event) => {
    const over = holder.querySelector(".u-over");
    const box = over.getBoundingClientRect();
    const at = Math.max(0, Math.min(last, Math.floor(((event.clientX - box.left) / box.width) * rows.length)));
    choose(at);
    const isTouch = event.pointerType === "touch";
    if (isTouch && touched !== at) {
      touched = at;
      return;
    }
    const part = kind === "parts" ? partAt(bars[at], plot.heightAt(event.clientY - box.top)) : null;
    open((part === null ? null : parts[part].hrefs[at]) ?? rows[at].href);
  });
  holder.addEventListener("keydown", (event) => {
    if (event.key === "Enter") return open(rows[chosen].href);
    const next = event.key === "Home" ? 0 : event.key === "End" ? last : chosen + (KEYS[event.key] ?? NaN);
    if (Number.isNaN(next)) return;
    event.preventDefault();
    choose(next);
  });

  holder.tabIndex = 0;
  holder.setAttribute("role", "slider");
  holder.setAttribute("aria-label", `${name}. Arrow keys choose, Enter shows the changes`);
  holder.setAttribute("aria-valuemin", "0");
  holder.setAttribute("aria-valuemax", String(last));
  reading.hidden = false;
  choose(last);
  return { choose };
}
