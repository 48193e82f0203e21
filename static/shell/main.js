// The frame of every page, and the connection pill.

import "./frame.js";
import { listen } from "../stream/page_stream.js";
import { createPill } from "./pill.js";

const show = createPill(document.getElementById("pill"));
let connection = "connecting";
let paused = false;

/** Whether this page holds changes back, and how many. */
export function setPaused(value, _waiting = 0) {
  paused = value;
  show(connection, paused);
}

listen({
  onState(state) {
    connection = state;
    show(connection, paused);
  },
});
