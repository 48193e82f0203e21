// The feed does not move while somebody reads it: points at it, has the focus or a selection in it,
// or has scrolled away from its top.

/** Calls `onChange()` when `held` changes. `top` is an element at the upper edge of `list`. */
export function createHold(list, top, onChange) {
  const reasons = new Set();

  function set(reason, holds) {
    if (reasons.has(reason) === holds) return;
    const before = reasons.size > 0;
    if (holds) reasons.add(reason);
    else reasons.delete(reason);
    if (before !== reasons.size > 0) onChange();
  }

  list.addEventListener("pointerenter", (event) => set("pointer", event.pointerType === "mouse"));
  list.addEventListener("pointerleave", () => set("pointer", false));
  // The focus that a click leaves behind is not where somebody reads.
  list.addEventListener("focusin", (event) => set("focus", event.target.matches(":focus-visible")));
  list.addEventListener("focusout", (event) => set("focus", list.contains(event.relatedTarget) && reasons.has("focus")));
  document.addEventListener("selectionchange", () => {
    const selection = getSelection();
    set("selection", !selection.isCollapsed && list.contains(selection.anchorNode));
  });
  new IntersectionObserver(
    ([entry]) => set("scroll", !entry.isIntersecting && entry.boundingClientRect.top < entry.rootBounds.top),
    { rootMargin: "-60px 0px 0px 0px" }, // the header covers as much
  ).observe(top);

  return {
    get held() {
      return reasons.size > 0;
    },
  };
}
