// Times on the chart, in the shop's zone as all times beside it.

/**
 * The second at which the slider is. A place of it is minutes wide, so a moment that was asked for
 * (`at`) stays exact until the slider is moved. Pure.
 */
export function secondOf({ since, until, point }, at = undefined) {
  if (at !== undefined) return Number(at);
  return Number(since.value) + ((until.value - since.value) * point.value) / point.max;
}

export function createMoments(locale = undefined, zone = undefined) {
  const minute = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: zone });
  const long = new Intl.DateTimeFormat(locale, {
    day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone,
  });
  return {
    zone: minute.resolvedOptions().timeZone,
    minute: (moment) => minute.format(moment),
    day: (moment) => day.format(moment),
    long: (moment) => long.format(moment),
  };
}
