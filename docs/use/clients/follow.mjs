// Follow the live stream of a Stockpulse and miss nothing, with `fetch`: for browsers (which
// can send no Authorization header with EventSource) and for Node 20 or newer.
//
//     import { follow } from "./follow.mjs";
//     const stop = new AbortController();
//     for await (const { cursor, change } of follow("https://stock.example", { key, signal: stop.signal })) …
//
// or from a shell: node follow.mjs http://127.0.0.1:8000 [CURSOR], with a key in STOCKPULSE_KEY.
// A page of another origin needs STOCKPULSE_CORS_ORIGINS to name it.

const REMEMBERED = 10_000; // event ids: what is repeated after a resume is among them
const QUIET = 45_000; // ms without a byte: the server beats every 15 s
const LONGEST_PAUSE = 30_000; // ms between tries

const NO_USE = new Set([400, 401, 403]); // asking again won't help

/** Every change as {cursor, change}, for ever; each event id once. */
export async function* follow(url, { cursor, key, signal, warn = () => {} } = {}) {
  const seen = new Set();
  for (let failures = 0; !signal?.aborted; ) {
    try {
      for await (const { event, id, data } of connect(url, { cursor, key, signal })) {
        failures = 0;
        cursor = id ?? cursor;
        if (event === "reset") warn("too much was missed: read GET /v1/events pages");
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
      warn(`${error.message}; connecting again`);
    }
    // Jittered, so that all clients of a restarted server don't come at once.
    const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** failures) * (0.5 + Math.random() / 2);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** The server-sent events of one connection. */
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
        final: NO_USE.has(answer.status),
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

/** A stream's text; by its reader, for not every browser can iterate over a stream. */
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
