// The filter's form applies at each change, with an address that has only what is set.

/** Makes `form` submit itself. */
export function startFields(form) {
  form.querySelector("button").hidden = true;
  form.addEventListener("change", () => form.requestSubmit());
  form.addEventListener("submit", () => {
    for (const field of form.elements) field.disabled = field.value === "";
  });
  // The page may be shown again as it was left.
  addEventListener("pageshow", () => {
    for (const field of form.elements) field.disabled = false;
  });
}
