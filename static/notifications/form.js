// The form of a rule: only the hints of the chosen channels, and a row more without a reload.

const recipients = document.getElementById("recipients");
const more = document.getElementById("more-rows");
const MOST = 50;

const rows = () => [...recipients.querySelectorAll("[data-row]")];

function hint() {
  const chosen = new Set(rows().map((row) => row.querySelector("select").value));
  for (const one of recipients.querySelectorAll("[data-hint]")) one.hidden = !chosen.has(one.dataset.hint);
}

function number(element) {
  return Number(element.querySelector("select").name.split("_")[1]);
}

/** Adds an empty row below the last one, like it. */
function add() {
  const last = rows().at(-1);
  const row = last.cloneNode(true);
  const next = number(last) + 1;
  row.querySelector(".error")?.remove();
  const [select, input] = [row.querySelector("select"), row.querySelector("input")];
  select.name = `channel_${next}`;
  select.value = last.querySelector("select").value;
  select.setAttribute("aria-label", `Way ${next}`);
  input.name = `address_${next}`;
  input.value = "";
  input.removeAttribute("aria-invalid");
  input.removeAttribute("aria-describedby");
  input.setAttribute("aria-label", `Address ${next}`);
  last.after(row);
  if (next >= MOST) more.hidden = true;
  input.focus();
}

// A second click would make the rule twice.
const form = recipients.closest("form");
form.addEventListener("submit", (event) => {
  if (form.ariaBusy === "true") event.preventDefault();
  form.ariaBusy = "true";
});
addEventListener("pageshow", () => (form.ariaBusy = null));

recipients.addEventListener("change", hint);
more?.addEventListener("click", (event) => {
  event.preventDefault();
  add();
});
hint();
