// The camera reads barcodes, with the browser's own detector where there is one. The decoder for
// other browsers is large, so it is loaded only when the camera is opened.

const EVERY = 180; // ms between two looks
const AGAIN = 2_500; // ms during which the same code is the same item
const WIDTH = 800; // of the picture that is searched, in pixels

const FORMATS = ["ean_13", "ean_8", "upc_a", "upc_e", "code_128", "code_39", "itf", "qr_code"];

/** Whether a code that was seen is another item, `last` being `{code, at}` or null. Pure. */
export function isAnother(last, code, now) {
  return last === null || last.code !== code || now - last.at > AGAIN;
}

/** Why the camera cannot be used; empty if it can. Pure. */
export function obstacle(isSecure, devices) {
  if (!isSecure) return "The camera works only over HTTPS. Ask whoever runs this server.";
  return devices?.getUserMedia ? "" : "This browser has no camera.";
}

/** Opens the camera in `panel` when `button` is pressed; `onCode(code)` is called for each item. */
export function startCamera(button, panel, decoder, onCode) {
  const video = panel.querySelector("video");
  const status = panel.querySelector("p");
  let stream = null;
  let timer = 0;
  let last = null;
  let opened = 0; // how often the camera was opened or closed

  function say(text) {
    status.textContent = text;
  }

  async function look(read) {
    const code = video.readyState >= 2 ? await read(video).catch(() => null) : null;
    if (stream === null) return;
    const now = performance.now();
    if (code && isAnother(last, code, now)) {
      onCode(code);
      say(`Read ${code}`);
      navigator.vibrate?.(40);
    }
    if (code) last = { code, at: now };
    timer = window.setTimeout(look, EVERY, read);
  }

  async function open() {
    panel.hidden = false;
    const why = obstacle(isSecureContext, navigator.mediaDevices);
    video.hidden = why !== "";
    if (why !== "") return say(why);
    say("Opening the camera\u2026");
    const mine = (opened += 1);
    let read = null;
    try {
      read = await createReader(decoder);
      const granted = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (mine !== opened) return stop(granted); // it was closed while the browser asked: no camera reads unseen
      stream = granted;
      video.srcObject = stream;
      await video.play();
    } catch (error) {
      if (mine !== opened) return;
      close();
      panel.hidden = false;
      return say(error.name === "NotAllowedError" ? "The browser was not allowed to use the camera." : "The camera cannot be opened.");
    }
    say("Hold a barcode in front of the camera.");
    last = null;
    if (mine === opened) look(read);
  }

  function stop(media) {
    for (const track of media?.getTracks() ?? []) track.stop();
  }

  function close() {
    opened += 1;
    clearTimeout(timer);
    stop(stream);
    stream = null;
    video.srcObject = null;
    panel.hidden = true;
  }

  button.hidden = false;
  button.addEventListener("click", () => (panel.hidden ? open() : close()));
  panel.querySelector("button").addEventListener("click", () => {
    close();
    button.focus();
  });
  addEventListener("pagehide", close);
}

/** Returns `read(video)`, which resolves to the code in the picture, or null. */
async function createReader(decoder) {
  const own = globalThis.BarcodeDetector;
  const offered = own ? await own.getSupportedFormats() : [];
  if (offered.includes("ean_13")) {
    const detector = new own({ formats: FORMATS.filter((format) => offered.includes(format)) });
    return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
  }
  await load(decoder);
  return decoding(globalThis.ZXing);
}

let loaded = null;

function load(source) {
  loaded ??= new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: source, onload: resolve });
    script.onerror = () => {
      loaded = null; // the next time it may be there
      reject(new Error("the decoder could not be loaded"));
    };
    document.head.append(script);
  });
  return loaded;
}

function decoding(library) {
  const { BarcodeFormat, BinaryBitmap, DecodeHintType, HybridBinarizer, MultiFormatReader, RGBLuminanceSource } = library;
  const reader = new MultiFormatReader();
  reader.setHints(new Map([[DecodeHintType.POSSIBLE_FORMATS, FORMATS.map((format) => BarcodeFormat[format.toUpperCase()])]]));
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const scale = Math.min(1, WIDTH / video.videoWidth);
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const grey = greyOf(context.getImageData(0, 0, canvas.width, canvas.height).data);
    try {
      return reader.decodeWithState(new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(grey, canvas.width, canvas.height)))).getText();
    } catch {
      return null; // there is no barcode in the picture
    }
  };
}

/** The brightness of each pixel of an RGBA picture. Pure. */
export function greyOf(rgba) {
  const grey = new Uint8ClampedArray(rgba.length / 4);
  for (let at = 0; at < grey.length; at += 1) {
    grey[at] = (rgba[4 * at] * 306 + rgba[4 * at + 1] * 601 + rgba[4 * at + 2] * 117) >> 10;
  }
  return grey;
}
