// A newer state replaces the old one section by section; unchanged sections are left alone.

/** Replaces the content of `state`; focus and the tables' scroll positions are kept. */
export function refresh(state, newer) {
  const focused = state.ownerDocument.activeElement?.id;
  const places = new Map([...state.querySelectorAll(".scroll")].map((frame) => [frame.id, frame.scrollLeft]));
  for (const old of [...state.children]) {
    if (![...newer.children].some((part) => part.id === old.id)) {
      old.remove();
    }
  }
  let before = null;
  for (const part of [...newer.children]) {
    const old = [...state.children].find((child) => child.id === part.id);
    before = put(state, old, part, before);
  }
  for (const [id, left] of places) {
    const frame = state.querySelector(`#${id}`);
    if (frame !== null && frame.scrollLeft !== left) {
      frame.scrollLeft = left;
    }
  }
  if (focused && state.ownerDocument.activeElement?.id !== focused) {
    state.querySelector(`#${focused}`)?.focus({ preventScroll: true });
  }
}

function put(state, old, part, before) {
  if (old === undefined) {
    before === null ? state.prepend(part) : before.after(part);
    return part;
  }
  if (old.id === "verdict") {
    updateVerdict(old, part);
  } else if (old.innerHTML !== part.innerHTML) {
    old.replaceChildren(...part.childNodes);
  }
  return old;
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
