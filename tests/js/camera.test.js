// A camera that was closed while the browser still asked for it reads nothing.

import assert from "node:assert/strict";
import test from "node:test";

import { startCamera } from "../../static/stocktake/camera.js";

test("a camera that is granted after it was closed is switched off at once", async (t) => {
  let grant = () => {};
  const stopped = [];
  const saved = { isSecureContext: globalThis.isSecureContext, navigator: globalThis.navigator };
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { mediaDevices: { getUserMedia: () => new Promise((resolve) => { grant = resolve; }) } } });
  globalThis.isSecureContext = true;
  globalThis.addEventListener ??= () => {};
  globalThis.BarcodeDetector = class {
    static getSupportedFormats = async () => ["ean_13"];
  };
  t.after(() => {
    delete globalThis.BarcodeDetector;
    Object.defineProperty(globalThis, "navigator", { configurable: true, value: saved.navigator });
    globalThis.isSecureContext = saved.isSecureContext;
  });
  const video = { play: () => assert.fail("it plays") };
  const presses = {};
  const press = (name) => ({ addEventListener: (_, done) => { presses[name] = done; }, focus() {} });
  const close = press("close");
  const panel = { hidden: true, querySelector: (name) => ({ video, p: {}, button: close })[name] };
  startCamera(press("open"), panel, "", () => assert.fail("it reads"));
  presses.open();
  await new Promise((resolve) => setImmediate(resolve));
  presses.close();
  grant({ getTracks: () => [{ stop: () => stopped.push("track") }] });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(stopped, ["track"]);
  assert.equal(panel.hidden, true);
});
