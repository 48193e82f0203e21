// A form that leads to another page opens in a dialog instead; its page is the server's own.

/** Opens the sheet at `address`; `send(form, submitter)` resolves to the sheet with errors, or to null once it is done. */
export async function openSheet(address, send) {
  const dialog = document.createElement("dialog");
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const sheet = page.querySelector("form.sheet");
  if (!answer.ok || sheet === null) {
    location.assign(address); // its page explains why
    return;
  }

  function show(form) {
    const title = form.querySelector("h1");
    title.id = "sheet-title";
    dialog.replaceChildren(document.adoptNode(form));
    dialog.setAttribute("aria-labelledby", title.id);
    form.querySelector("[data-part=cancel]").addEventListener("click", (event) => {
      event.preventDefault();
      dialog.close();
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      if (form.ariaBusy === "true") return; // a double click is one order
      form.ariaBusy = "true";
      const next = await send(form, event.submitter).finally(() => (form.ariaBusy = null));
      if (next === null) dialog.close();
      else if (next !== form) {
        show(next);
        dialog.querySelector("[aria-invalid], [autofocus]")?.focus();
      }
    });
  }

  show(sheet);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("[autofocus]")?.select();
}
