// Shows the tiles' numbers as they change; the sparkline at most once a second.

import { quantity } from "../rows/format.js";
import { createTiles, seconds } from "./tiles.js";

const SLOW = 1_000;
const MOST_UNITS = 5; // as in app/web/pages/live/tiles.py
const TICK = 10_000; // minutes fall out of the window even when nothing happens
const HEIGHT = 24;
const REFRESH = 60_000; // where events do not show all that they change

/** Continues the server's tiles in `board`. */
export function createTileBoard(board, times, levelNames) {
  const now = () => Date.now() + skew; // the server's clock, which is close to that of the events' times
  let skew = 0;
  let tiles = null;
  const values = [...board.querySelectorAll("[data-tile]")];
  const part = (name) => board.querySelector(`[data-part=${name}]`);
  const [period, line, kinds] = [part("period"), part("line"), part("kinds")];
  let drawn = 0;

  function begin(text) {
    const known = JSON.parse(text);
    skew = Date.parse(known.now) - Date.now();
    tiles = createTiles({ ...known, since: known.since && Date.parse(known.since) }, levelNames);
  }

  // The numbers as a page has them that is rendered now.
  async function refresh() {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const text = page.getElementById(board.id)?.dataset.tiles;
    if (text) begin(text);
    show();
  }

  const grouped = (number) => number.toLocaleString("en", { maximumFractionDigits: 6 });
  const inStock = ([unit, number]) => quantity(grouped(number), unit);

  function textOf(name, numbers) {
    const number = numbers[name];
    if (number === null) return "\u2013";
    return name === "units" ? inStock(number[0]) : name === "lag" ? seconds(number) : grouped(number);
  }

  // Quantities of two units are never added up: those of the others stand beside the first.
  function showKinds(units) {
    const texts = units.slice(0, MOST_UNITS).map(inStock);
    if (units.length > MOST_UNITS) texts.push(`and ${grouped(units.length - MOST_UNITS)} more`);
    const others = texts.slice(1).join(", ");
    if (kinds.textContent === others) return;
    kinds.textContent = others;
    kinds.closest(".tile").title = others === "" ? "" : texts.join(", ");
  }

  function show() {
    const moment = now();
    const numbers = tiles.numbers(moment);
    for (const value of values) {
      const text = textOf(value.dataset.tile, numbers);
      if (value.textContent === text) continue;
      value.textContent = text;
      value.closest(".tile").dataset.value = text;
    }
    showKinds(numbers.units ?? []);
    if (Date.now() - drawn < SLOW) return;
    drawn = Date.now();
    line.setAttribute("d", tiles.line(moment, HEIGHT));
    const text = numbers.since === null ? "Changes in 1 h" : `Changes since ${times.minute(numbers.since)}`;
    if (period.textContent !== text) period.textContent = text;
  }

  begin(board.dataset.tiles);
  setInterval(() => {
    show();
    if (!document.hidden && tiles.numbers(now()).products === null) refresh(); // the server's copy is being filled
  }, TICK);
  if ("partial" in board.dataset) setInterval(() => document.hidden || refresh(), REFRESH);

  return {
    show,
    refresh,
    count: (event) => tiles.add(event, now()),
    setClock(heartbeat) {
      const { time, lag_ms: lag } = JSON.parse(heartbeat);
      const moment = Date.parse(time);
      if (!Number.isNaN(moment)) skew = moment - Date.now();
      tiles.delay(Object.values(lag ?? {}).reduce((sum, ms) => sum + ms, 0), now());
    },
  };
}
