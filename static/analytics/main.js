// The Analytics page: charts of its tables, and a form that leaves out what is empty.

import { drawChart } from "../charts/chart.js";
import { readTable } from "../charts/table.js";
import { addressOf } from "../products/search.js";
import { keep, kept } from "../shell/keep.js";

const HEIGHT = { movement: 260 };
const OTHER = 200; // px

async function draw(holder) {
  const id = holder.dataset.plot;
  const reading = holder.nextElementSibling.querySelector("[data-part=reading]");
  const { kind, name } = holder.dataset;
  const data = readTable(document.querySelector(`[data-figures=${id}]`));
  const chart = await drawChart(holder, reading, data, { kind, name, height: HEIGHT[id] ?? OTHER });
  if (chart === null) document.getElementById(`${id}-switch`).checked = true; // the table has it all
}

for (const box of document.querySelectorAll(".switch input")) {
  box.checked ||= kept(`table-${box.id}`) === "yes";
  box.addEventListener("change", () => keep(`table-${box.id}`, box.checked ? "yes" : "no"));
}
for (const holder of document.querySelectorAll("[data-plot]")) draw(holder);

const form = /** @type {HTMLFormElement} */ (document.getElementById("ask"));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  location.assign(addressOf(form.action, new FormData(form)));
});
