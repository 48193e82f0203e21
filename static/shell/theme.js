// The chosen theme, before the first paint: so this is a classic script, and blocks. It is a few
// bytes, and cached for a year. Without a choice, or without script, the system's preference holds.

(() => {
  const KEY = "stockpulse-theme";
  const root = document.documentElement;

  function chosen() {
    try {
      const theme = localStorage.getItem(KEY);
      return theme === "light" || theme === "dark" ? theme : "";
    } catch {
      return ""; // the browser keeps nothing for this site
    }
  }

  function apply() {
    const theme = chosen();
    if (theme === "") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const radio of document.querySelectorAll("#theme input")) radio.checked = radio.value === theme;
    dispatchEvent(new Event("theme")); // a canvas must be drawn again
  }

  apply();
  addEventListener("storage", (event) => {
    if (event.key === KEY) apply(); // another tab
  });
  addEventListener("DOMContentLoaded", () => {
    const choice = document.getElementById("theme");
    if (choice === null) return;
    choice.hidden = false;
    apply();
    choice.addEventListener("change", (event) => {
      try {
        localStorage.setItem(KEY, event.target.value);
      } catch {
        return;
      }
      apply();
    });
  });
})();
