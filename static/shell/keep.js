// What a person chose is kept in the browser, if the browser keeps anything for this site.

/** @param {string} name */
export function kept(name) {
  try {
    return localStorage.getItem(`stockpulse-${name}`);
  } catch {
    return null;
  }
}

/** Returns whether it is kept. */
export function keep(name, value) {
  try {
    localStorage.setItem(`stockpulse-${name}`, value);
    return true;
  } catch {
    return false;
  }
}
