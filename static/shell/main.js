// The frame of every page, and the connection pill.

import "./frame.js";
import { listen, retry } from "../stream/page_stream.js";
import { createCondition } from "./condition.js";
import { createPill } from "./pill.js";

const $ = (id) => document.getElementById(id);
const condition = createCondition(Date.now());
const showView = createPill($("pill"), $("retry"), $("stale"));

function show() {
  const now = Date.now();
  showView(condition.view(now), now);
}

/** Whether this page holds changes back, and how many. */
export function setPaused(value, waiting = 0) {
  condition.pause(value, waiting);
  show();
}

listen({
  onState(state) {
    condition.state(state);
    show();
  },
  onFrame(frame) {
    condition.frame(frame, Date.now());
    if (frame.name !== "change") show();
  },
  onEvents: (events) => condition.events(events.length),
  onGap: () => condition.gap(),
  onCatchingUp(count) {
    condition.catchingUp(count !== null);
    show();
  },
  onCaughtUp(report) {
    condition.caughtUp(report, Date.now());
    show();
  },
});
$("retry").addEventListener("click", retry);
document.addEventListener("visibilitychange", show);
setInterval(show, 1_000); // silence and the time to the next try
