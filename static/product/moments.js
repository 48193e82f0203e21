// Times on the chart, in the reader's zone.

export function createMoments(locale = undefined, zone = undefined) {
  const minute = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: zone });
  const long = new Intl.DateTimeFormat(locale, {
    day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone,
  });
  return {
    minute: (moment) => minute.format(moment),
    day: (moment) => day.format(moment),
    long: (moment) => long.format(moment),
  };
}
