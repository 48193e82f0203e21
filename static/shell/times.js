// The server renders times in the shop's zone; the script says how long ago that was.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How long ago within the last hour: `now`, `20 s ago`, `3 min ago`; otherwise null. Pure. */
export function recent(moment, now) {
  const age = now - moment;
  if (age < -MINUTE) return null; // planned; a little ahead is only the reader's clock
  if (age < 5_000) return "now";
  if (age < MINUTE) return `${5 * Math.floor(age / 5_000)} s ago`;
  return age < HOUR ? `${Math.floor(age / MINUTE)} min ago` : null;
}

/** `show(element)` writes a <time>'s text: how long ago it was, or the date if it is another day. */
export function createTimes(zone = undefined) {
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone });
  const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: zone });
  const day = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: zone });

  function text(moment, now) {
    const short = recent(moment, now);
    if (short !== null) return short;
    const [that, today] = [day.format(moment), day.format(now)];
    if (that === today) return moment > now ? clock.format(moment) : `${Math.floor((now - moment) / HOUR)} h ago`;
    return that.slice(0, 4) === today.slice(0, 4) ? date.format(moment) : that;
  }

  return {
    show(element, now = Date.now()) {
      const moment = Date.parse(element.dateTime);
      // A day's heading has no time of day, and some times are to be read as they are.
      if (Number.isNaN(moment) || !element.dateTime.includes("T") || "fixed" in element.dataset) return;
      const shown = text(moment, now);
      if (element.textContent !== shown) element.textContent = shown;
      element.removeAttribute("title"); // the whole time is shown on focus, too
    },

    /** Hours and minutes. */
    minute(moment) {
      return clock.format(moment);
    },
  };
}

/** Show every <time> within `root` as an age. */
export function localiseTimes(root, times) {
  for (const element of root.querySelectorAll("time[datetime]")) times.show(element);
}
