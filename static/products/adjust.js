// The row's form, sent without leaving the page; what the API cannot address is sent as a form.

/** What the form's fields ask of the API. Pure. */
export function adjustment(fields) {
  const taken = fields.direction === "-1";
  return {
    delta: (taken ? -1 : 1) * Number(fields.quantity),
    reason: fields.reason || (taken ? "sold" : "received"),
  };
}

/** Whether an id can be a part of a URL's path: browsers take these two out. Pure. */
export function isAddressable(productId) {
  return productId !== "." && productId !== "..";
}

/** Takes over the forms in `table`; `onDone(row, product)` is called after each change. */
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
  if (form.ariaBusy === "true") return null; // one at a time: a double click is not two sales
  form.ariaBusy = "true";
  say(form, "");
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
    say(form, document.errors?.[0]?.detail ?? document.detail);
  } catch {
    say(form, "No answer. The change may or may not have been made: look at the stock first.");
  } finally {
    form.ariaBusy = null;
  }
  return null;
}

function say(form, text) {
  const element = form.querySelector("[data-part=error]");
  element.textContent = text;
  element.hidden = text === "";
}
