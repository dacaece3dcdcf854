// Small charts: bars for distributions, bars and lines for the last minute. Numbers in words stand beside each of them.

import { s } from "./dom.js";

/** Bars of equal width; each has a title, one may be marked. */
export function bars(values, { label, titles = [], marked = -1 }) {
  const most = Math.max(1, ...values);
  const height = (value) => (value === 0 ? 0 : Math.max(1, 40 * value / most));
  return s("svg", { class: "chart", viewBox: `0 0 ${10 * values.length} 40`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    values.map((value, place) => s("g", {},
      s("rect", { class: "room", x: 10 * place, width: 10, height: 40 }),
      s("rect", { class: place === marked ? "marked" : null, x: 10 * place + 0.75, width: 8.5, y: 40 - height(value), height: height(value) }),
      titles[place] && s("title", {}, titles[place]))));
}

/** Lines over the same span, each from 0 to `most`; gaps where a value is null. */
export function lines(series, { label, length, most }) {
  const path = (values) => values.map((value, place) => {
    if (value === null) return "";
    const start = place === 0 || values[place - 1] === null;
    const [x, y] = [10 * (place + 0.5 + length - values.length), 39 - 38 * Math.min(1, value / most)];
    // A value between two gaps is a dot.
    return `${start ? `M${x - 2} ${y.toFixed(2)}` : ""}L${x} ${y.toFixed(2)}`;
  }).join("");
  return s("svg", { class: "chart", viewBox: `0 0 ${10 * length} 40`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    s("path", { class: "ground", d: `M0 39.5H${10 * length}` }),
    series.map(({ name, values }) => s("path", { class: `line ${name}`, d: path(values) })));
}
