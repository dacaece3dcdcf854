// Elements without markup in strings: what comes from the server is text, whatever it says.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An HTML element. */
export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);

/** An SVG element. */
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

/** The element with an id. */
export const at = (id) => document.getElementById(id);

/** Copies text, and says so on the button for a moment; where that is not allowed, shows the text itself. */
export async function copy(button, text, done = "copied") {
  const before = [...button.childNodes];
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = done;
    setTimeout(() => button.replaceChildren(...before), 1200);
  } catch {
    button.textContent = text;
  }
}
