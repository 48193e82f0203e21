// A page that could not be read for want of the store comes back by itself, and only once ready.

const INTERVAL = 3_000;
const section = document.getElementById("recover");
const { ready, again } = section.dataset;

async function look() {
  try {
    const answer = await fetch(ready, { cache: "no-store" });
    if (answer.ok) {
      location.replace(again);
      return;
    }
  } catch {
    // The server itself is away: the same wait.
  }
  setTimeout(look, INTERVAL);
}

if (again) {
  section.querySelector("[data-part=wait]").hidden = false;
  setTimeout(look, INTERVAL);
}
