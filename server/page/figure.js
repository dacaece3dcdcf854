// A figure of petrified lightning, another one each time: what the page shows before it is asked.

import { s } from "./dom.js";

/** Steps of its trunk. */
const LENGTH = 14;

/** Grows it from the ground down. */
export function figure() {
  const strokes = [];
  let side = Math.random() < 0.5 ? -1 : 1;
  const grow = (x, y, slope, width, left) => {
    const points = [[x, y]];
    for (let step = 0; step < left; step += 1) {
      x += 26 * (slope + Math.random() - 0.5);
      y += 9 + 11 * Math.random();
      points.push([x, y]);
      const room = left - step;
      if (room > 2 && width > 0.8 && Math.random() < (left === LENGTH ? 0.75 : 0.35)) {
        side = -side;
        grow(x, y, side * (0.5 + 0.6 * Math.random()), width * 0.58, Math.ceil(room * (0.35 + 0.45 * Math.random())));
      }
    }
    strokes.push(s("path", { "stroke-width": width.toFixed(2), d: `M${points.map((point) => point.map(Math.round).join(" ")).join("L")}` }));
  };
  grow(300, 6, 0, 3.2, LENGTH);
  return s("svg", { class: "figure", viewBox: "0 0 600 250", "aria-hidden": "true" },
    s("path", { class: "surface", d: "M120 5.5H480" }), strokes);
}
