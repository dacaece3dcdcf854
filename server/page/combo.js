// A text field that suggests nodes, by the pattern of the ARIA combobox with a list.

import { ask } from "./api.js";
import { h } from "./dom.js";
import { btc, count } from "./format.js";

/** What is left of a node's id where people paste more: a URI's scheme and address, blanks. */
export const tidy = (text) => text.trim().replace(/^lightning:/i, "").replace(/@.*$/, "").replace(/\s+/g, "").toLowerCase();

/** The nodes whose ids begin so, the largest first. */
export const nodesLike = async (prefix, signal) =>
  (await ask(`/api/v1/graph/suggestions?prefix=${encodeURIComponent(prefix)}`, undefined, signal)).nodes;

/** Makes a field suggest. */
export function suggest(input) {
  const list = h("ul", { class: "options", role: "listbox", id: `${input.id}-list`, "aria-label": "Nodes", hidden: true });
  input.after(list);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list",
  })) input.setAttribute(name, value);

  let active = -1;
  let running = new AbortController();
  let timer = 0;

  const close = () => {
    running.abort();
    clearTimeout(timer);
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (option) => {
    input.value = option.dataset.id;
    input.dispatchEvent(new Event("change"));
    close();
  };
  const mark = (next) => {
    const options = [...list.children];
    active = (next + options.length) % options.length;
    options.forEach((option, place) => option.setAttribute("aria-selected", String(place === active)));
    input.setAttribute("aria-activedescendant", options[active].id);
    options[active].scrollIntoView({ block: "nearest" });
  };
  const open = async (prefix) => {
    running.abort();
    running = new AbortController();
    let nodes;
    try { nodes = await nodesLike(prefix, running.signal); } catch { return; }
    if (document.activeElement !== input || nodes.length === 0) return close();
    list.replaceChildren(...nodes.map((node, place) => h("li", {
      role: "option", id: `${list.id}-${place}`, "aria-selected": "false", "data-id": node.node_id,
      // The field keeps the focus.
      onpointerdown: (event) => { event.preventDefault(); choose(event.currentTarget); },
    },
    h("span", { class: "id" }, h("b", {}, node.node_id.slice(0, prefix.length)), node.node_id.slice(prefix.length)),
    h("span", { class: "quiet" }, `${count(node.channels)} channels, ${btc(node.capacity_msat)} BTC`))));
    list.hidden = false;
    active = -1;
    input.setAttribute("aria-expanded", "true");
  };

  input.addEventListener("input", () => {
    const prefix = tidy(input.value);
    clearTimeout(timer);
    if (/^[0-9a-f]{1,65}$/.test(prefix)) timer = setTimeout(() => open(prefix), 120);
    else close();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!list.hidden) mark(active + (event.key === "ArrowDown" ? 1 : active < 0 ? 0 : -1));
      else if (/^[0-9a-f]{0,65}$/.test(tidy(input.value))) open(tidy(input.value));
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter") {
      if (active >= 0) {
        event.preventDefault();
        choose(list.children[active]);
      } else close();
    }
  });
  input.addEventListener("blur", close);
}
