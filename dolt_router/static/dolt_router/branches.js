/* The branch bar's search as you type, and the button that copies a link. Without it, the search
   is a page of its own. */
"use strict";
(() => {
  const menu = document.querySelector(".dolt-menu");
  const find = menu && menu.querySelector(".dolt-find");
  if (find) {
    const field = find.querySelector("input[type=search]");
    const found = menu.querySelector(".dolt-found");
    const fixed = menu.querySelector(".dolt-go > .dolt-option");
    let asked = 0, timer = 0;
    find.querySelector(".dolt-find-button").hidden = true;

    const mark = (kind, text) => {
      const span = document.createElement("span");
      span.className = `dolt-mark dolt-mark-${kind}`;
      span.textContent = text;
      return span;
    };
    const option = (branch) => {
      const button = document.createElement("button");
      button.className = "dolt-option";
      button.name = "branch";
      button.value = branch.name;
      const name = document.createElement("span");
      name.className = "dolt-option-name";
      name.textContent = branch.name;
      button.append(name);
      if (branch.default) button.append(mark("default", find.dataset.default));
      if (branch.protected) button.append(mark("closed", find.dataset.protected));
      return button;
    };
    const search = async () => {
      const number = ++asked;
      const query = new URLSearchParams({ q: field.value, format: "json" });
      const answer = await fetch(`${find.action}?${query}`, { headers: { Accept: "application/json" } });
      if (!answer.ok || number !== asked) return;
      const { branches, count } = await answer.json();
      if (number !== asked) return;
      const told = document.createElement("p");
      told.className = "dolt-count";
      told.textContent = branches.length ? `${count} ${find.dataset.found}` : find.dataset.none;
      found.replaceChildren(...branches.map(option), told);
      if (fixed) fixed.hidden = true;
    };
    menu.addEventListener("toggle", () => {
      if (!menu.open) return;
      field.focus();
      search();
    });
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(search, 120);
    });
    menu.addEventListener("keydown", (event) => {
      const options = [...found.querySelectorAll(".dolt-option")];
      const at = options.indexOf(document.activeElement);
      if (event.key === "Escape") {
        menu.open = false;
        menu.querySelector("summary").focus();
      } else if (event.key === "ArrowDown" && (event.target === field || at > -1)) {
        event.preventDefault();
        (options[at + 1] || options[at] || field).focus();
      } else if (event.key === "ArrowUp" && at > -1) {
        event.preventDefault();
        (options[at - 1] || field).focus();
      } else if (event.key === "Enter" && event.target === field) {
        event.preventDefault();
        if (options.length) options[0].focus();
      }
    });
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  }

  const copy = document.querySelector(".dolt-copy-button");
  if (copy && navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.querySelector(".dolt-copy").value);
      copy.textContent = copy.dataset.copied;
    });
  }
})();
