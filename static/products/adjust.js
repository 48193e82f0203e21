// − and + open a dialog, whose form is sent to the API without leaving the page. An id that cannot
// be in a path is sent to the page of the form instead.

/** The form's fields as the API's adjustment. Pure. */
export function adjustment(fields) {
  return { delta: (fields.mode === "take" ? "-" : "") + fields.quantity, reason: fields.reason };
}

/** Whether an id can be a segment of a URL's path: browsers remove these two. Pure. */
export function isAddressable(productId) {
  return productId !== "." && productId !== "..";
}

/** Opens the dialogs from `root`; `onDone(row, product, change)` is called after each change. */
export function takeOver(root, api, onDone) {
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-mode]");
    const row = link?.closest("tr[data-product]");
    if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(document.getElementById(link.dataset.mode), row, link.href);
  });
  for (const dialog of document.querySelectorAll("dialog#take, dialog#add")) {
    dialog.querySelector("[data-part=close]").addEventListener("click", () => dialog.close());
    dialog.querySelector("form").addEventListener("submit", (event) => {
      const { product } = dialog.dataset;
      if (!isAddressable(product)) return;
      event.preventDefault();
      const fields = Object.fromEntries(new FormData(event.target));
      send(event.target, `${api}/${encodeURIComponent(product)}/adjustments`, adjustment(fields), fields.csrf_token)
        .then((change) => {
          if (change === null) return;
          dialog.close();
          const row = [...root.querySelectorAll("tr[data-product]")].find((one) => one.dataset.product === product);
          onDone(row, change.product, { ...change, ...fields });
        });
    });
  }
}

function open(dialog, row, href) {
  const form = dialog.querySelector("form");
  const part = (name) => dialog.querySelector(`[data-part=${name}]`);
  form.reset();
  form.action = href;
  dialog.dataset.product = row.dataset.product;
  part("product").textContent = row.querySelector("[data-part=name]").textContent;
  part("unit").textContent = row.dataset.unit;
  part("page").href = href;
  form.elements.quantity.min = form.elements.quantity.step = row.dataset.step;
  showError(form, "");
  dialog.showModal();
  form.elements.quantity.select();
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
    if (answer.ok) return { product: document, requestId: answer.headers.get("X-Request-Id") };
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
