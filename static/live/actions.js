// The ⋮ of a card offers what a wide row shows: Undo, the product, and the change's own page.

/** Opens `dialog` for the ⋮ of the rows in `list`; without this script it is a link to the change. */
export function startActions(list, dialog) {
  const part = (name) => dialog.querySelector(`[data-part=${name}]`);
  const undo = part("undo"); // null for those who may not undo

  function open(row) {
    const own = (name) => row.querySelector(`[data-part=${name}]`);
    part("name").textContent = own("name").textContent;
    part("change").textContent = `${own("label").textContent} ${own("change").textContent}`;
    part("product").href = own("name").href;
    part("event").href = own("dots").href;
    if (undo) {
      undo.value = row.dataset.id;
      undo.hidden = own("undo").hidden;
    }
    dialog.showModal();
  }

  undo?.addEventListener("click", () => dialog.close());
  list.addEventListener("click", (event) => {
    const dots = event.target.closest(".dots");
    if (!dots || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(dots.closest(".row"));
  });
}
