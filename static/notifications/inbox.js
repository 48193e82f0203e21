// The page of messages asks for the permission to show them over other windows.

import { allow, permission } from "./watch.js";

const asked = document.getElementById("permission");
const button = asked.querySelector("button");
asked.hidden = permission() !== "default";
button.addEventListener("click", async () => {
  button.disabled = true;
  const granted = await allow();
  button.remove();
  asked.querySelector("span").textContent = granted
    ? "Messages now also appear while you look at something else, as long as a page of this site is open."
    : "This browser does not show them elsewhere. Its settings for this site can change that.";
});
