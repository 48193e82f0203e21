// The Live page: events go through a buffer, which is flushed once per frame.

import { createAnnouncer } from "./announce.js";
import { createBuffer } from "../stream/buffer.js";
import { createFeed, ROW_LIMIT } from "./feed.js";
import { createFilter } from "./filter.js";
import { describe, isBaseline, sentence } from "../rows/format.js";
import { createPauseControl } from "./pause.js";
import { setPaused } from "../shell/main.js";
import { createRowBuilder } from "../rows/row.js";
import { createScheduler } from "../stream/schedule.js";
import { listen } from "../stream/page_stream.js";
import { createTileBoard } from "./tileboard.js";
import { createTimes, localiseTimes } from "../shell/times.js";

const GAP = "Some changes are missing from this list. Each product\u2019s history has all of them.";
const skippedText = (count) =>
  `${count} older change${count === 1 ? " was" : "s were"} not kept while paused. ` +
  "Each product\u2019s history has all of them.";

const $ = (id) => document.getElementById(id);
const main = document.querySelector("main");
const list = $("feed");
const times = createTimes();
const filter = createFilter($("filter"), list, $("filter-count"));
const show = createFeed(list, createRowBuilder($("row"), main.dataset.history, `${document.documentElement.dataset.base}/audit`, times), filter);
const buffer = createBuffer(ROW_LIMIT);
const tiles = createTileBoard($("tiles"), times, () => buffer.paused);
const announce = createAnnouncer((text) => {
  $("summary").textContent = text;
});
const schedule = createScheduler(flush);
let found = 0; // baselines, shown as one number instead of rows

const showWaiting = createPauseControl($("pause"), (paused) => {
  if (paused) buffer.pause();
  else buffer.resume();
  setPaused(paused);
  flush();
});

function flush() {
  showWaiting(buffer.count);
  if (buffer.paused) return;
  const { items, skipped } = buffer.take();
  tiles.show();
  if (found > 0) showFound();
  if (items.length === 0) return;
  $("empty").hidden = true;
  $("board").hidden = false;
  const rows = items.map((item) => (item.note ? item : describe(item.event, main.dataset.stock)));
  show(skipped > 0 ? [{ note: skippedText(skipped) }, ...rows] : rows);
  const changes = rows.filter((row) => row.id);
  if (changes.length > 0) announce(changes.length, sentence(changes.at(-1)));
}

function showFound() {
  $("found").textContent =
    found === 1
      ? "1 product existed before recording began. Its history starts now."
      : `${found.toLocaleString("en")} products existed before recording began. Their history starts now.`;
  $("found").hidden = false;
}

localiseTimes(document, times);
listen({
  seen: [...list.querySelectorAll("[data-id]")].map((row) => row.dataset.id).reverse(),
  onEvents(events) {
    for (const event of events) {
      tiles.count(event);
      if (isBaseline(event)) found += 1;
      else buffer.push({ event });
    }
    schedule();
  },
  onGap(time) {
    tiles.incompleteBefore(time);
    buffer.push({ note: GAP });
    schedule();
  },
  onState(state) {
    $("store-notice").hidden = state !== "unavailable";
  },
  onClock: tiles.setClock,
});
