// A row's form is sent to the API without leaving the page, unless the id cannot be in a path.

/** The form's fields as the API's adjustment. Pure. */
export function adjustment(fields) {
  const taken = fields.direction === "-1";
  return {
    delta: (taken ? -1 : 1) * Number(fields.quantity),
    reason: fields.reason || (taken ? "sold" : "received"),
  };
}

/** Whether an id can be a segment of a URL's path: browsers remove these two. Pure. */
export function isAddressable(productId) {
  return productId !== "." && productId !== "..";
}

/** Handles the forms in `table`; `onDone(row, product)` is called after each change. */
export function takeOver(table, api, onDone) {
  table.addEventListener("submit", (event) => {
    const row = event.target.closest("[data-product]");
    if (row === null || !isAddressable(row.dataset.product)) return;
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target, event.submitter));
    send(event.target, `${api}/${encodeURIComponent(row.dataset.product)}/adjustments`, adjustment(fields), fields.csrf_token)
      .then((product) => product && onDone(row, product));
  });
}

async function send(form, url, body, token) {
  if (form.ariaBusy === "true") return null; // one at a time, so that a double click is one sale
  form.ariaBusy = "true";
  showError(form, "");
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        ...(token && { "X-CSRF-Token": token }),
      },
      body: JSON.stringify(body),
    });
    const document = await answer.json();
    if (answer.ok) return document;
    showError(form, document.errors?.[0]?.detail ?? document.detail);
  } catch {
    showError(form, "No response. The change may or may not have been saved. Check the stock before you try again.");
  } finally {
    form.ariaBusy = null;
  }
  return null;
}

function showError(form, text) {
  const element = form.querySelector("[data-part=error]");
  element.textContent = text;
  element.hidden = text === "";
}
