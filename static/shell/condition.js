// What the page may say about its age: it is "Live" only while every hop has proved itself.
//
// The server's heartbeats carry its condition; only the page knows silence, its own backlog and
// whether it is paused. Pure: times are milliseconds since 1970, and come in as arguments.

export const SILENCE = 8_000; // without a message: two heartbeats are missing
export const OLD = 10_000; // without a message: what is shown is called stale
const REPORTED = 10_000; // for which "caught up" is shown

const LATE = new Set(["behind", "stale"]);

const UNREACHABLE = "The server does not answer.";

/** The facts about one page, and what follows from them. `start`: when the page was loaded. */
export function createCondition(start) {
  let connection = "connecting";
  let heard = start; // the page itself came from the server
  let retryAt = 0;
  let server = null; // the newest status: of a hello or a heartbeat
  let resume = null; // {count, missed}: what was missed arrives
  let behind = false; // this page is still reading what it missed
  let caughtUp = null; // {count, missed, at}
  let paused = false;
  let waiting = 0;

  const begin = () => (resume ??= { count: 0, missed: 0 });

  /** A heartbeat is sent when no event waits, so it ends a resume. */
  function heartbeat(now) {
    if (resume === null || behind || server.state === "behind") return;
    caughtUp = { count: resume.count, missed: resume.missed, at: now };
    resume = null;
  }

  return {
    /** The connection's state; a lost one begins a resume. */
    state(next) {
      connection = next;
      if (next === "reconnecting" || next === "offline") begin();
    },

    /** A message of the server, or of the connection (`retry`). Call it after its events. */
    frame({ name, data }, now) {
      const body = name === "change" ? {} : parsed(data);
      if (name === "retry") {
        retryAt = body.at;
        return;
      }
      heard = now;
      retryAt = 0;
      if (body.state === undefined) return;
      server = body;
      if (body.state === "stale") begin();
      else if (name === "heartbeat") heartbeat(now);
    },

    /** So many new events were passed to the page. */
    events(count) {
      if (resume === null) return;
      resume.count += count;
    },

    /** Whether this page is still reading what it missed. */
    catchingUp(value) {
      behind = value;
      if (behind) begin();
      // What a late worker still has to send is counted until a heartbeat.
      else if (server === null || !LATE.has(server.state)) resume = null;
    },

    /** This page has read what it missed; `missed`: how many it cannot show, null: some. */
    caughtUp({ caughtUp: count, missed }, now) {
      caughtUp = { count, missed, at: now };
    },

    /** Some events are missing on this page. */
    gap() {
      if (resume !== null) resume.missed = null;
    },

    /** Whether the page holds changes back, and how many. */
    pause(value, count) {
      paused = value;
      waiting = count;
    },

    /**
     * {state, text, detail, title, retry, stale}: `detail` changes often and is not announced;
     * `stale` is null or {since, says}.
     */
    view(now) {
      const silent = now - heard;
      const lost = retryAt > 0 || connection === "reconnecting" || connection === "offline";
      if (silent > OLD) return unheard(heard, now, retryAt);
      if (silent > SILENCE || lost) return retrying(now, retryAt);
      if (server === null) return { state: "connecting", text: "Connecting\u2026" };
      const title = hops(server);
      if (server.state === "stale") {
        const since = Date.parse(server.since) || heard;
        return { state: "stale", text: `Stale since ${minute(since)}`, title, stale: { since, says: server.says } };
      }
      const lag = (server.lag_ms.stream + server.lag_ms.audit) / 1000;
      if (server.state === "behind") {
        return { state: "catching", text: "Catching up", detail: ` \u00b7 ${seconds(lag)} behind`, title };
      }
      if (resume !== null) {
        const count = resume.count > 0 ? ` ${resume.count.toLocaleString("en")}` : "\u2026";
        return { state: "catching", text: "Catching up", detail: count, title };
      }
      if (paused) {
        return { state: "paused", text: "Paused", detail: waiting > 0 ? ` \u00b7 ${waiting.toLocaleString("en")} new` : "", title };
      }
      if (server.state === "unproven") return { state: "connected", text: "Connected", title };
      if (caughtUp !== null && now - caughtUp.at < REPORTED) {
        return { state: "live", text: `Live \u00b7 ${caughtUpText(caughtUp)}`, title };
      }
      return { state: "live", text: "Live", detail: ` \u00b7 lag ${seconds(lag)}`, title };
    },
  };
}

function retrying(now, retryAt) {
  const wait = Math.ceil((retryAt - now) / 1000);
  if (wait <= 0) return { state: "reconnecting", text: "Reconnecting\u2026", title: UNREACHABLE };
  return { state: "reconnecting", text: "Reconnecting", detail: ` in ${wait} s`, title: UNREACHABLE, retry: true };
}

function unheard(since, now, retryAt) {
  const wait = Math.ceil((retryAt - now) / 1000);
  return {
    state: "stale",
    text: `Stale since ${minute(since)}`,
    detail: wait > 0 ? ` \u00b7 retry in ${wait} s` : "",
    title: UNREACHABLE,
    retry: true,
    stale: { since, says: UNREACHABLE },
  };
}

function caughtUpText({ count, missed }) {
  return `caught up ${count.toLocaleString("en")}, ${missed?.toLocaleString("en") ?? "some"} missed`;
}

/** The lag of each hop, and when each hop last proved itself. */
function hops({ says, lag_ms: lag, seen }) {
  const proofs = ["store", "worker"].filter((hop) => seen[hop]).map((hop) => `${hop} ${clock(Date.parse(seen[hop]))}`);
  return [
    says,
    `Write \u2192 worker ${seconds(lag.stream / 1000)}, worker \u2192 screen ${seconds(lag.audit / 1000)}.`,
    proofs.length > 0 ? `Last heard: ${proofs.join(", ")}.` : "",
  ].join(" ").trim();
}

/** A duration as text: "< 0.1 s", "0.4 s", "12 s", "5 min". */
export function seconds(value) {
  if (value < 0.1) return "< 0.1 s";
  if (value < 9.95) return `${value.toFixed(1)} s`;
  return value < 120 ? `${Math.round(value)} s` : `${Math.round(value / 60)} min`;
}

/** The sentence shown above the numbers of a stale page. */
export function staleText({ since, says }, now) {
  return `${says} The numbers are from ${clock(since)}, ${seconds(Math.max(1, (now - since) / 1000)).replace(".0", "")} ago.`;
}

const two = (number) => String(number).padStart(2, "0");
const minute = (time) => `${two(new Date(time).getHours())}:${two(new Date(time).getMinutes())}`;
const clock = (time) => `${minute(time)}:${two(new Date(time).getSeconds())}`;

function parsed(data) {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    return {};
  }
}
