// A filter hides rows but never removes them: clearing it shows all of them again.

/** Whether a change of this kind and text passes. Pure. */
export function passes({ kind, query }, row) {
  if (kind !== "" && row.kind !== kind && !(kind === "outside" && row.outside)) return false;
  return query === "" || row.text.toLowerCase().includes(query);
}

/** Reads the form, hides rows, and shows how many of them are visible. */
export function createFilter(form, list, output) {
  let wanted = { kind: "", query: "" };

  const apply = (element) => {
    element.hidden = !passes(wanted, {
      kind: element.dataset.kind,
      outside: element.querySelector(".outside") !== null,
      text: element.textContent,
    });
  };

  function report() {
    const all = list.querySelectorAll(":scope > [data-id]").length;
    const hidden = list.querySelectorAll(":scope > [data-id][hidden]").length;
    output.textContent = isActive() ? `${all - hidden} of ${all} shown` : "";
  }

  const isActive = () => wanted.kind !== "" || wanted.query !== "";

  form.addEventListener("input", () => {
    const fields = new FormData(form);
    wanted = { kind: fields.get("kind"), query: fields.get("query").trim().toLowerCase() };
    for (const element of list.querySelectorAll(":scope > [data-id]")) apply(element);
    report();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;

  return {
    /** Hide the `elements` that do not pass. */
    take(elements) {
      if (isActive()) for (const element of elements) apply(element);
    },
    report,
  };
}
