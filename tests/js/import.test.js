import assert from "node:assert/strict";
import { test } from "node:test";

import { tooLarge } from "../../static/products/file_size.js";

test("a file up to the bound can be sent, a larger one is refused with both sizes", () => {
  assert.equal(tooLarge(20 << 20, 20 << 20), "");
  assert.equal(tooLarge(0, 20 << 20), "");
  const wrong = tooLarge(100 << 20, 20 << 20);
  assert.match(wrong, /^The file has 100 MB, and an import takes 20 MB\./);
});
