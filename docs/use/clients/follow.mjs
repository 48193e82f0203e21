// Follow the live stream of a Stockpulse server without missing a change, with `fetch`: for browsers
// (whose EventSource cannot send an Authorization header) and for Node 20 or newer.
//
//     import { follow } from "./follow.mjs";
//     const stop = new AbortController();
//     for await (const { cursor, change } of follow("https://stock.example", { key, signal: stop.signal })) …
//
// or from a shell: node follow.mjs http://127.0.0.1:8000 [CURSOR], with a key in STOCKPULSE_KEY.
// For a page of another origin, add the origin to STOCKPULSE_CORS_ORIGINS.

const REMEMBERED = 10_000; // event ids: a repeat after a resume is one of them
const QUIET = 10_000; // ms without a byte: the server sends a heartbeat every 3 s
const LONGEST_PAUSE = 30_000; // ms between attempts

const FINAL = new Set([400, 401, 403]); // a retry cannot help

/** Yields every change as {cursor, change}, without end; each event id once. */
export async function* follow(url, { cursor, key, signal, warn = () => {} } = {}) {
  const seen = new Set();
  for (let failures = 0; !signal?.aborted; ) {
    try {
      for await (const { event, id, data } of connect(url, { cursor, key, signal })) {
        failures = 0;
        cursor = id ?? cursor;
        if (event === "reset") warn("missed too many events: read the pages of GET /v1/events");
        if (event !== "change") continue;
        const change = JSON.parse(data);
        if (seen.has(change.id)) continue;
        seen.add(change.id);
        if (seen.size > REMEMBERED) seen.delete(seen.values().next().value);
        yield { cursor, change };
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error.final) throw error;
      failures += 1;
      warn(`${error.message}; reconnecting`);
    }
    // Jitter keeps the clients of a restarted server from reconnecting at the same time.
    const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** failures) * (0.5 + Math.random() / 2);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Yields the server-sent events of one connection. */
async function* connect(url, { cursor, key, signal }) {
  const quiet = new AbortController();
  let timer = setTimeout(() => quiet.abort(), QUIET);
  const headers = { Accept: "text/event-stream" };
  if (key) headers.Authorization = `Bearer ${key}`;
  if (cursor) headers["Last-Event-ID"] = cursor;
  try {
    const answer = await fetch(`${url}/v1/events`, {
      headers,
      signal: signal ? AbortSignal.any([signal, quiet.signal]) : quiet.signal,
    });
    if (!answer.ok) {
      throw Object.assign(new Error(`${answer.status}: ${await answer.text()}`), {
        final: FINAL.has(answer.status),
      });
    }
    let rest = "";
    for await (const bytes of chunks(answer.body)) {
      clearTimeout(timer);
      timer = setTimeout(() => quiet.abort(), QUIET);
      const parts = (rest + bytes).split("\n\n");
      rest = parts.pop();
      yield* parts.map(fields).filter((message) => message.data !== undefined);
    }
  } finally {
    clearTimeout(timer);
    quiet.abort();
  }
}

/** Yields a stream's text. It uses a reader, because not every browser can iterate over a stream. */
async function* chunks(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

function fields(text) {
  const message = {};
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    message[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, "");
  }
  return message;
}

if (globalThis.process && process.argv[1] === import.meta.filename) {
  const [url, cursor] = process.argv.slice(2);
  const options = { cursor, key: process.env.STOCKPULSE_KEY, warn: console.error };
  for await (const { cursor: at, change } of follow(url.replace(/\/$/, ""), options)) {
    console.log(JSON.stringify({ cursor: at, ...change }));
  }
}
