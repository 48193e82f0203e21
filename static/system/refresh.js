// A newer state replaces the old one section by section; unchanged sections are left alone.

/**
 * Returns a function that replaces the content of `state` by that of `newer`; focus, folded
 * sections and the tables' scroll positions are kept. `prepare(part)` is called before a part is
 * shown. What a part was is remembered, because scripts change what is shown, such as times.
 */
export function createRefresh(state, prepare = (_part) => {}) {
  const last = new Map([...state.children].map((part) => [part.id, part.innerHTML]));

  function put(old, part, before) {
    const html = part.innerHTML;
    const changed = last.get(part.id) !== html;
    last.set(part.id, html);
    if (old !== undefined && !changed) return old;
    prepare(part);
    if (old === undefined) {
      before === null ? state.prepend(part) : before.after(part);
      return part;
    }
    if (old.id === "verdict") updateVerdict(old, part);
    else old.replaceChildren(...part.childNodes);
    return old;
  }

  return function refresh(newer) {
    const focused = state.ownerDocument.activeElement?.id;
    const places = new Map([...state.querySelectorAll(".scroll")].map((frame) => [frame.id, frame.scrollLeft]));
    for (const old of [...state.children]) {
      if (![...newer.children].some((part) => part.id === old.id)) {
        old.remove();
        last.delete(old.id);
      }
    }
    let before = null;
    for (const part of [...newer.children]) {
      before = put([...state.children].find((child) => child.id === part.id), part, before);
    }
    for (const [id, left] of places) {
      const frame = state.ownerDocument.getElementById(id);
      if (frame !== null && frame.scrollLeft !== left) frame.scrollLeft = left;
    }
    if (focused && state.ownerDocument.activeElement?.id !== focused) {
      state.ownerDocument.getElementById(focused)?.focus({ preventScroll: true });
    }
  };
}

/** The headline is a live region: keep its element, and set its text only when it changes. */
function updateVerdict(old, part) {
  const [shown, next] = [old, part].map((verdict) => verdict.querySelector("[role=status]"));
  old.className = part.className;
  if (shown.textContent !== next.textContent) {
    shown.textContent = next.textContent;
  }
  const [list, newer] = [old, part].map((verdict) => verdict.querySelector("ul"));
  if (list?.innerHTML !== newer?.innerHTML) {
    list?.remove();
    old.append(...(newer ? [newer] : []));
  }
}
