// The Live page: events that pass the filter go through a buffer, and from there into the list
// unless somebody reads it.

import { describe, isBaseline, sentence } from "../rows/format.js";
import { createRowBuilder } from "../rows/row.js";
import { startUndo } from "../rows/undo.js";
import { onKey } from "../shell/keys.js";
import { setPaused } from "../shell/main.js";
import { createTimes } from "../shell/times.js";
import { createBuffer } from "../stream/buffer.js";
import { parseFilter, passes } from "../stream/filter.js";
import { listen } from "../stream/page_stream.js";
import { createScheduler } from "../stream/schedule.js";
import { startActions } from "./actions.js";
import { createAnnouncer } from "./announce.js";
import { createFeed, ROW_LIMIT } from "./feed.js";
import { startFields } from "./fields.js";
import { createGroups, NEW_ENTRIES } from "./groups.js";
import { createHold } from "./hold.js";
import { createPace } from "./pace.js";
import { createPauseControl } from "./pause.js";
import { createTileBoard } from "./tileboard.js";

const BUSY_INTERVAL = 2_000; // new entries while the feed is busy

const $ = (id) => document.getElementById(id);
const { history, events, stock, reorderPoint, noReorder, unit } = document.querySelector("main").dataset;
const levelNames = { reorderPoint, noReorder, unit };
const list = $("feed");
const older = $("older");
const times = createTimes();
const filter = parseFilter(new URLSearchParams(location.search));
const feed = createFeed(list, createRowBuilder($("row"), history, events, times), auditSearch);
const buffer = createBuffer(ROW_LIMIT);
const groups = createGroups();
const pace = createPace();
const tiles = createTileBoard($("tiles"), times, levelNames);
const announce = createAnnouncer((text) => {
  $("summary").textContent = text;
});
const schedule = createScheduler(flush);
const hold = createHold(list, $("top"), toggle);
let paused = false;
let shown = 0; // when entries were last added
let later = 0; // the timer of a flush that waits for the busy interval
let found = 0; // baselines, shown as one number instead of rows

createPauseControl($("pause"), (value) => {
  paused = value;
  setPaused(paused, buffer.count);
  toggle();
});
startFields($("filter"));
startUndo($("undo"));
startActions(list, $("actions"));
onKey("u", "Undo the change of the chosen row", (event) => {
  const button = event.target.closest(".row")?.querySelector(".undo:not([hidden])");
  if (!button) return false;
  button.click();
});

$("fresh").addEventListener("click", () => {
  getSelection().removeAllRanges();
  scrollTo({ top: 0 });
  release();
  toggle();
});

// Where the list ends, the Audit goes on with the same filter.
older.addEventListener("click", () => {
  const last = list.querySelector(":scope > li:last-child time")?.dateTime;
  if (last) older.href = auditSearch(null, last);
});

function auditSearch(from, to) {
  const created = from === null ? `created:<=${to}` : `created:${from}..${to}`;
  return `${events}?${new URLSearchParams({ q: `${older.dataset.search} ${created}`.trim() })}`;
}

function toggle() {
  if (paused || hold.held) {
    buffer.pause();
    flush();
  } else if (buffer.paused) release();
}

// Shows all that waits, even if that is much.
function release() {
  buffer.resume();
  flush(Infinity);
}

function flush(limit = NEW_ENTRIES) {
  tiles.show();
  if (found > 0) showFound();
  showWaiting();
  if (buffer.paused || buffer.size === 0) return;
  const now = Date.now();
  const busy = pace.isBusy(now);
  if (busy && limit === NEW_ENTRIES && now - shown < BUSY_INTERVAL) {
    clearTimeout(later);
    later = setTimeout(schedule, BUSY_INTERVAL - (now - shown));
    return;
  }
  shown = now;
  show(buffer.take(), busy, limit, now);
}

function show({ items: taken, skipped }, busy, limit, now) {
  $("empty").hidden = $("none").hidden = true;
  $("board").hidden = false;
  const items = taken.filter((item) => item.data).map(({ data }) => ({ data, row: describe(data, stock, levelNames) }));
  const notes = taken.filter((item) => item.note);
  const { grew, begun, skipped: left } = busy
    ? groups.add(items, now, limit)
    : { grew: [], begun: groups.singles(items, now), skipped: { count: 0, rows: [] } };
  const count = skipped + left.count;
  const first = left.rows[0] ?? items[0]?.row;
  if (count > 0) notes.push({ note: `${count.toLocaleString("en")} not shown`, href: auditSearch(skipped > 0 ? null : first.occurredAt, (left.rows.at(-1) ?? first).occurredAt) });
  feed.grow(grew);
  feed.add([...notes, ...begun]);
  if (items.length > 0) announce(items.length + skipped, sentence(items.at(-1).row));
}

function showWaiting() {
  const fresh = $("fresh");
  if (paused) setPaused(true, buffer.count);
  const text = buffer.count > 0 ? `${buffer.count.toLocaleString("en")} new \u2191` : "";
  if (fresh.textContent === text) return;
  fresh.textContent = text;
  fresh.hidden = text === "";
  if (paused) setPaused(true, buffer.count);
}

function showFound() {
  $("found").textContent =
    found === 1
      ? "1 product existed before recording began. Its history starts now."
      : `${found.toLocaleString("en")} products existed before recording began. Their history starts now.`;
  $("found").hidden = false;
}

listen({
  seen: [...list.querySelectorAll("[data-id]")].map((row) => row.dataset.id).reverse(),
  onEvents(arrived) {
    const now = Date.now();
    for (const data of arrived) {
      tiles.count(data);
      if (isBaseline(data)) found += 1;
      else if (passes(filter, data)) {
        pace.add(Date.parse(data.occurred_at), now);
        buffer.push({ data });
      }
    }
    schedule();
  },
  onGap(time) {
    tiles.refresh();
    buffer.push({ note: "Some changes are missing here", href: time === null ? older.href : auditSearch(null, time) });
    schedule();
  },
  onClock: tiles.setClock,
});
