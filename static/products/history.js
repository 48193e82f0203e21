// The history is a page of its own; only its times are put into the reader's zone.

import { createTimes, localiseTimes } from "../live/times.js";

localiseTimes(document, createTimes());
