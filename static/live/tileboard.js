// Shows the tiles, the chart and its table; chart and table update at most once a second.

import { createChart } from "./chart.js";
import { createTiles, tileText } from "./tiles.js";

const SLOW = 1_000; // chart and table
const TICK = 10_000; // minutes fall out of the window even when nothing happens

/** Updates the server's tiles in `board`, except while `isPaused()`. */
export function createTileBoard(board, times, isPaused) {
  let skew = Date.parse(board.dataset.now) - Date.now();
  const now = () => Date.now() + skew; // the server's clock, which is close to that of the events' times
  const details = board.querySelector("details");
  const body = details.querySelector("tbody");
  const tiles = createTiles(
    [...body.querySelectorAll("tr")].map((row) => ({
      number: Number(row.dataset.minute),
      changes: Number(row.dataset.changes),
      in: Number(row.dataset.in),
      out: Number(row.dataset.out),
      outside: Number(row.dataset.outside),
      units: JSON.parse(row.dataset.units),
    })),
    board.dataset.since ? Date.parse(board.dataset.since) : null,
  );
  const values = [...board.querySelectorAll("[data-tile]")].filter((value) => !("unknown" in value.dataset));
  const period = board.querySelector("[data-part=period]");
  let draw = null;
  let drawn = 0;

  function show() {
    if (isPaused()) return;
    const moment = now();
    const totals = tiles.totals(moment);
    for (const value of values) write(value, tileText(totals, value.dataset.tile));
    const since = tiles.since(moment);
    write(period, since === null ? "Last hour" : `Since ${times.minute(since)}`);
    if (Date.now() - drawn < SLOW) return;
    drawn = Date.now();
    const series = tiles.series(moment);
    draw?.(series);
    if (details.open) body.replaceChildren(...minuteRows(/** @type {any} */ (series), times));
  }

  createChart(board.querySelector("[data-part=chart]"), times).then((ready) => {
    draw = ready;
    drawn = 0;
    show();
  });
  details.addEventListener("toggle", () => {
    drawn = 0;
    show();
  });
  setInterval(show, TICK);

  return {
    show,
    count: (event) => tiles.add(event, now()),
    incompleteBefore: (time) => tiles.incompleteBefore(time === null ? now() : Date.parse(time)),
    setClock(heartbeat) {
      const time = Date.parse(JSON.parse(heartbeat).time);
      if (!Number.isNaN(time)) skew = time - Date.now();
    },
  };
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function minuteRows([seconds, changes], times) {
  return seconds
    .map((second, index) => [second, changes[index]])
    .filter(([, count]) => count > 0)
    .reverse()
    .map(([second, count]) => {
      const row = document.createElement("tr");
      for (const text of [times.minute(second * 1000), count]) {
        row.append(Object.assign(document.createElement("td"), { textContent: text }));
      }
      return row;
    });
}
