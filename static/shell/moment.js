// The whole time of a <time>: in the reader's zone and the shop's, while it is pointed at or focused.

/** Lines of text. `own` and `shop` are IANA zones; one line if both are the same. Pure. */
export function wholeTime(moment, own, shop) {
  const line = (zone) =>
    new Intl.DateTimeFormat("en-GB", {
      weekday: "short", day: "numeric", month: "short", year: "numeric",
      hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone,
    }).format(moment);
  return own === shop ? `${line(own)} (${own})` : `${line(own)} here (${own})\n${line(shop)} in the shop (${shop})`;
}

// A row's time is not focusable by itself: it is shown while the row, or something in it, has focus.
function timeOf(target, focused) {
  const own = target.closest?.("time[datetime*=T]");
  return own ?? (focused ? target.closest?.("li, tr, article")?.querySelector("time[datetime*=T]") : null) ?? null;
}

/** Shows the whole time of every <time> of the page. */
export function startMoments(shop) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const tip = Object.assign(document.createElement("div"), { id: "moment", popover: "manual" });
  tip.setAttribute("role", "tooltip");
  document.body.append(tip);
  let shown = null;

  function hide() {
    shown?.removeAttribute("aria-describedby");
    shown = null;
    tip.hidePopover();
  }

  function show(time) {
    if (time === shown) return;
    hide();
    const moment = Date.parse(time.dateTime);
    if (Number.isNaN(moment)) return;
    shown = time;
    time.setAttribute("aria-describedby", tip.id);
    tip.textContent = wholeTime(moment, own, shop);
    tip.showPopover();
    const [at, size] = [time.getBoundingClientRect(), tip.getBoundingClientRect()];
    const below = at.bottom + size.height + 4 <= innerHeight;
    tip.style.left = `${Math.max(4, Math.min(at.left, innerWidth - size.width - 4))}px`;
    tip.style.top = `${below ? at.bottom + 2 : at.top - size.height - 2}px`;
  }

  const follow = (focused) => (event) => {
    if (event.target === tip) return; // it can be pointed at itself
    const time = timeOf(event.target, focused);
    if (time !== null) show(time);
    else if (shown !== null) hide();
  };
  document.addEventListener("pointerover", follow(false));
  document.addEventListener("focusin", (event) => {
    if (event.target.matches(":focus-visible")) follow(true)(event);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown !== null) hide();
  });
  addEventListener("scroll", () => shown !== null && hide(), { passive: true, capture: true });
}
