// The server renders times in its own zone; the script shows them in the reader's.

/** `show(element)` writes a <time>'s text: the time of day, with the date if it is not today. */
export function createTimes(locale = undefined, zone = undefined) {
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: "medium", hourCycle: "h23", timeZone: zone });
  const dayClock = new Intl.DateTimeFormat(locale, {
    day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone,
  });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long", timeZone: zone });
  const day = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: zone });

  return {
    show(element, now = Date.now()) {
      const moment = Date.parse(element.dateTime);
      if (Number.isNaN(moment)) return;
      const today = day.format(moment) === day.format(now);
      element.textContent = (today ? clock : dayClock).format(moment);
      element.title = full.format(moment);
    },

    /** Hours and minutes. */
    minute(moment) {
      return clock.format(moment).slice(0, 5);
    },
  };
}

/** Show every <time> within `root` in the reader's zone. */
export function localiseTimes(root, times) {
  for (const element of root.querySelectorAll("time[datetime]")) times.show(element);
}
