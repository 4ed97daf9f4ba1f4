// Typing a value picks it. Without this script the radio button beside it does.
"use strict";
document.addEventListener("input", function (event) {
  const name = event.target.dataset && event.target.dataset.doltOwn;
  if (!name) { return; }
  for (const radio of document.getElementsByName(name)) {
    if (radio.value === "own") { radio.checked = true; }
  }
});
