// The script of the history page only shows its times in the reader's time zone.

import { createTimes, localiseTimes } from "../shell/times.js";

localiseTimes(document, createTimes());
