// The list is searched as one types: the page of the new address is fetched, and its list shown.

const TYPING = 200; // ms without a key

/** The address of the form's list, without empty fields. Pure. */
export function addressOf(action, fields) {
  const given = [...fields].filter(([, value]) => value !== "");
  const query = new URLSearchParams(given).toString();
  return query === "" ? action : `${action}?${query}`;
}

/** The list of a page; throws if the page cannot be fetched. */
export async function fetchList(address, signal) {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, signal });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const list = page.getElementById("list");
  if (!answer.ok || list === null) throw new Error(`the list answered ${answer.status}`);
  return list;
}

/** Searches by `form`; `onList()` is called after each new list, `onError()` if there is none. */
export function searchAsTyped(form, onList, onError) {
  let timer = null;
  let running = null;

  async function search() {
    running?.abort();
    const mine = (running = new AbortController());
    const address = addressOf(form.action, new FormData(form));
    const list = document.getElementById("list");
    list.ariaBusy = "true";
    try {
      const found = await fetchList(address, mine.signal);
      history.replaceState(null, "", address);
      document.getElementById("list").replaceWith(document.adoptNode(found));
      onList(address);
    } catch (error) {
      if (error.name !== "AbortError") onError(address);
    } finally {
      if (running === mine) list.ariaBusy = null;
    }
  }

  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(search, event.target.type === "search" ? TYPING : 0);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    search();
  });
}
