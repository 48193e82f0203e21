// Fakes of browser APIs: EventSource, Web Locks and BroadcastChannel.

/** Creates fake EventSources; `all` has those opened so far. */
export function createSources() {
  const all = [];
  const open = (cursor) => {
    const listeners = {};
    const source = {
      cursor,
      closed: false,
      addEventListener: (name, listener) => (listeners[name] = listener),
      close: () => (source.closed = true),
      send: (name, id, data = {}) =>
        listeners[name]({ lastEventId: id, data: typeof data === "string" ? data : JSON.stringify(data) }),
      fail: () => listeners.error({}),
    };
    all.push(source);
    return source;
  };
  return { open, all, last: () => all.at(-1) };
}

/** One browser, with Web Locks and BroadcastChannel shared by its tabs. */
export function createBrowser() {
  const channels = new Set();
  const queue = [];
  let holder = null;

  function grant() {
    while (holder === null && queue.length > 0) {
      const request = queue.shift();
      holder = request;
      Promise.resolve(request.callback()).then(() => {
        if (holder !== request) return;
        holder = null;
        request.resolve();
        grant();
      });
    }
  }

  const locks = {
    query: async () => ({ pending: queue.map(({ name }) => ({ name })) }),

    request(name, options, callback) {
      return new Promise((resolve, reject) => {
        const request = { name, callback, resolve, reject };
        options.signal?.addEventListener("abort", () => {
          const place = queue.indexOf(request);
          if (place < 0) return;
          queue.splice(place, 1);
          reject(new Error("AbortError"));
        });
        if (options.steal) {
          holder?.reject(new Error("AbortError"));
          holder = null;
          queue.unshift(request);
        } else {
          queue.push(request);
        }
        queueMicrotask(grant);
      });
    },
  };

  class Channel {
    constructor() {
      channels.add(this);
    }

    postMessage(message) {
      if (this.frozen) return;
      for (const other of channels) {
        if (other === this || other.frozen) continue;
        queueMicrotask(() => channels.has(other) && other.onmessage({ data: structuredClone(message) }));
      }
    }

    close() {
      channels.delete(this);
    }
  }

  return { locks, Channel };
}
