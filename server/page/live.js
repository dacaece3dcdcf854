// The last minute of the server: answers a second, and how long they took.

import { ask } from "./api.js";
import { bars, lines } from "./chart.js";
import { at, h } from "./dom.js";
import { count, span, took } from "./format.js";

const SECONDS = 60;
const PAUSE_MS = 2000;

/** Draws it every two seconds, while somebody looks. */
export async function start() {
  if (!document.hidden) {
    try { draw(await ask("/api/v1/status")); } catch (error) {
      at("live").replaceChildren(h("p", { class: "quiet" }, `Not known: ${error.message}.`));
    }
  }
  setTimeout(start, PAUSE_MS);
}

function draw({ seconds, last_minute: minute, up_s: up, waiting_quick: quick, waiting_heavy: heavy }) {
  const missing = Array(Math.max(0, SECONDS - seconds.length)).fill({ answered: 0, p50_us: null, p99_us: null });
  const all = [...missing, ...seconds];
  const most = Math.max(...all.map((second) => second.p99_us ?? 0), 1);
  const peak = Math.max(...all.map((second) => second.answered));
  const time = (micros) => (micros === null ? "–" : took(micros));
  const fact = (name, value, kind) => h("div", {}, h("dt", { class: kind }, name), h("dd", {}, value));
  at("live").replaceChildren(
    h("figure", {},
      h("figcaption", {}, h("span", {}, "Answers a second"), h("span", { class: "quiet" }, `last minute ${count(minute.answered)}, peak ${count(peak)}`)),
      bars(all.map((second) => second.answered), { label: `${minute.answered} answers in the last minute, at most ${peak} in a second.` })),
    h("figure", {},
      h("figcaption", {}, h("span", {}, "Time of an answer"), h("span", { class: "quiet" }, all.some((second) => second.p99_us !== null) ? `to ${took(most)}` : "none yet")),
      lines([{ name: "p99", values: all.map((second) => second.p99_us) }, { name: "p50", values: all.map((second) => second.p50_us) }],
        { label: `Half within ${time(minute.p50_us)}, 99 in 100 within ${time(minute.p99_us)}.`, length: SECONDS, most })),
    h("dl", { class: "table" },
      fact("median", time(minute.p50_us), "key p50"),
      fact("99th percentile", time(minute.p99_us), "key p99"),
      fact("refused", count(minute.refused)),
      fact("waiting", count(quick + heavy)),
      fact("running for", span(up))));
}
