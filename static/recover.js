// A page that failed because the store was unavailable reloads once the server is ready.

const INTERVAL = 3_000;
const section = document.getElementById("recover");
const { ready, again } = section.dataset;

async function check() {
  try {
    const answer = await fetch(ready, { cache: "no-store" });
    if (answer.ok) {
      location.replace(again);
      return;
    }
  } catch {
    // The server cannot be reached: wait in the same way.
  }
  setTimeout(check, INTERVAL);
}

if (again) {
  section.querySelector("[data-part=wait]").hidden = false;
  setTimeout(check, INTERVAL);
}
