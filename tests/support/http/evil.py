"""A page of another origin, and its attacks on an application whose address it knows."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from app.web.statics import static_path

PAGE = b"<!doctype html><title>Cats</title><h1>Cats</h1>"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def evil_port() -> Iterator[int]:
    """The port of a foreign server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


# Each attack resolves to what it could read, or null.
READS = """async (app) => {
  const read = async (path, init) => {
    try { return (await (await fetch(app + path, init)).text()) || null; } catch { return null; }
  };
  const element = (name, attributes) => new Promise((resolve) => {
    const made = Object.assign(document.createElement(name), attributes);
    made.onload = () => resolve(name + " loaded");
    made.onerror = () => resolve(null);
    document.body.append(made);
  });
  const framed = (src) => new Promise((resolve) => {
    const frame = Object.assign(document.createElement("iframe"), { src });
    frame.onload = () => {
      try { resolve(frame.contentDocument.body.textContent || null); } catch { resolve(null); }
    };
    document.body.append(frame);
  });
  const followed = () => new Promise((resolve) => {
    const source = new EventSource(app + "/v1/events", { withCredentials: true });
    source.onerror = () => { source.close(); resolve(null); };
    for (const name of ["hello", "change"]) source.addEventListener(name, (m) => resolve(m.data));
  });
  const credentials = "include";
  return {
    fetch: await read("/v1/products"),
    fetchWithCookies: await read("/v1/products", { credentials }),
    page: await read("/", { credentials }),
    opaque: await read("/", { mode: "no-cors", credentials }),
    withKey: await read("/v1/products", { headers: { Authorization: "Bearer sp_x" } }),
    script: await element("script", { src: app + "/v1/products" }),
    module: await element("script", { src: app + "STATIC/live/main.js", type: "module" }),
    image: await element("img", { src: app + "STATIC/favicon.svg" }),
    style: await element("link", { href: app + "STATIC/css/base.css", rel: "stylesheet" }),
    frame: await framed(app + "/"),
    stream: await followed(),
  };
}""".replace("STATIC", static_path())

WRITES = """async (app) => {
  const product = JSON.stringify({ product_id: "EVIL", name: "n", stock: 1 });
  const sale = JSON.stringify({ delta: -1, reason: "lost" });
  const tries = [];
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json"]) {
    for (const mode of ["no-cors", "cors"]) {
      for (const [path, body] of [
        ["/v1/products", product],
        ["/v1/products/K1/adjustments", sale],
        ["/products/new", "product_id=EVIL&name=n&stock=1"],
        ["/products/delete?id=K1", "if_match=*"],
        ["/demo/start", ""],
        ["/sign-out", ""],
      ]) {
        const headers = { "Content-Type": type };
        tries.push([path, { method: "POST", mode, body, headers, credentials: "include" }]);
      }
    }
  }
  for (const method of ["PUT", "PATCH", "DELETE"]) {
    const headers = { "If-Match": "*", "Content-Type": "application/merge-patch+json" };
    const body = method === "DELETE" ? undefined : '{"stock": 0}';
    tries.push(["/v1/products/K1", { method, headers, body, credentials: "include" }]);
  }
  for (const [path, init] of tries) await fetch(app + path, init).catch(() => null);
  navigator.sendBeacon(app + "/v1/products", new Blob([product], { type: "text/plain" }));
  return tries.length;
}"""

# A form submission navigates away from the page, as a click on a disguised button does.
FORM = """([app, type]) => {
  const form = Object.assign(document.createElement("form"), {
    method: "post", enctype: type, action: app + "/products/new",
  });
  for (const [name, value] of [["product_id", "EVIL"], ["name", "n"], ["stock", "1"]]) {
    form.append(Object.assign(document.createElement("input"), { name, value }));
  }
  document.body.append(form);
  form.submit();
}"""

# One DynamoDB call, as the AWS SDK for browsers makes it.
ENGINE = """async ([url, action, body]) => {
  const headers = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Date": "20260101T000000Z",
    "X-Amz-Target": "DynamoDB_20120810." + action,
    Authorization: "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/dynamodb/aws4_request, " +
      "SignedHeaders=host, Signature=0",
  };
  try {
    return await (await fetch(url, { method: "POST", headers, body })).text();
  } catch {
    return null;
  }
}"""
