// The page of one product: the chart, the slider, and changes as they arrive.

import { showDone } from "../products/done.js";
import { startUndo } from "../rows/undo.js";
import { listen } from "../stream/page_stream.js";
import { createTimes, localiseTimes } from "../shell/times.js";
import { createChart, stockAt } from "./chart.js";
import { createMoments, secondOf } from "./moments.js";
import { createRefresher, mergeList, replaceParts } from "./refresh.js";

const PARTS = ["head", "gone", "facts", "version", "pages"];
const SETTLED = 600; // ms without another move of the slider
const REST = 300; // ms: the read model is about as late as this

const product = document.querySelector("main").dataset.product;
const moments = createMoments(undefined, document.documentElement.dataset.zone); // as the times beside it
const times = createTimes();
const slide = document.querySelector(".scrub .slide");
let chart = null;
let data = null;

async function draw() {
  const holder = document.getElementById("chart");
  if (!holder?.dataset.chart) return;
  data = JSON.parse(holder.dataset.chart);
  chart = await createChart(holder, moments, data);
  if (slide.dataset.at) chart?.point(Number(slide.dataset.at));
}

// While the slider moves, the chart has all that is needed; on release the server shows the version.
function setUpSlider() {
  const range = slide.elements.point;
  const output = document.createElement("output");
  slide.querySelector("button").replaceWith(output);
  const second = () => secondOf(slide.elements, slide.dataset.at);
  const say = () => {
    const stock = data && stockAt(data, second());
    output.textContent = !slide.dataset.at && range.value === range.max ? "now" : moments.long(second() * 1000) + (stock == null ? "" : ` · ${stock}`);
  };
  let timer = null;
  say();
  range.addEventListener("input", () => {
    clearTimeout(timer);
    delete slide.dataset.at;
    say();
    chart?.point(range.value === range.max ? null : second());
  });
  range.addEventListener("change", () => {
    clearTimeout(timer); // each press of an arrow key is a change
    timer = setTimeout(() => slide.requestSubmit(), SETTLED);
  });
}

const refresh = createRefresher(async () => {
  const answer = await fetch(location.href.split("#")[0], { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  replaceParts(document, next, PARTS);
  const [list, wanted] = [document.getElementById("changes"), next.getElementById("changes")];
  if (list && wanted) mergeList(list, wanted);
  else if (wanted) document.getElementById("timeline").replaceWith(next.getElementById("timeline"));
  const found = next.getElementById("chart")?.dataset.chart;
  if (found && chart) chart.show((data = JSON.parse(found)));
  localiseTimes(document, times);
}, REST);

document.getElementById("facts").open = matchMedia("(min-width: 60.01rem)").matches;
showDone();
startUndo(document.getElementById("undo"));
setUpSlider();
draw();
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".more-actions[open]")) menu.open = menu.contains(event.target);
});
addEventListener("keydown", (event) => {
  const menu = document.querySelector(".more-actions[open]");
  if (event.key !== "Escape" || menu === null) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
listen({
  onEvents(events) {
    if (events.some((event) => event.product_id === product)) refresh();
  },
  onGap: refresh,
});
