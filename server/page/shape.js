// The graph at a glance: its size, how fresh it is, and four distributions.

import { ask } from "./api.js";
import { bars } from "./chart.js";
import { at, h } from "./dom.js";
import { brief, btc, count, percent, span } from "./format.js";

/** How each distribution is told. */
const TOLD = {
  degree: { title: "Channels per node", of: "nodes", show: count },
  capacity: { title: "Channel size, sat", of: "channels", show: brief },
  fee_proportional_millionths: { title: "Policy fee, ppm", of: "policies", show: brief },
  policy_age: { title: "Policy age", of: "policies", show: short },
};

/** Nodes sign their policies anew within two weeks (BOLT 7 lets others forget them after that): a graph that is older misses some. */
const STALE_S = 14 * 86_400;

/** Draws it, and again from time to time. */
export async function start() {
  try { draw(await ask("/api/v1/graph/distributions")); } catch (error) {
    if (!at("graph").hasChildNodes()) at("graph").replaceChildren(h("p", { class: "quiet" }, `Not known: ${error.message}.`));
  }
  setTimeout(start, 60_000);
}

function draw(graph) {
  const age = Math.max(0, Math.floor(Date.now() / 1000) - graph.newest_update);
  const isStale = age > STALE_S && graph.newest_update > 0;
  at("standing").replaceChildren(h("span", {},
    h("b", {}, count(graph.nodes)), " nodes, ", h("b", {}, count(graph.channels)), " channels, ",
    h("b", {}, btc(graph.capacity_msat)), " BTC",
    isStale && h("span", { class: "stale" }, `${span(age)} old`)));
  const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  const stale = isStale && h("p", { class: "hint small" }, "Routes may fail where nodes have asked for something else since. Serve a newer graph, or follow gossip.");
  at("graph").replaceChildren(
    h("dl", { class: "table" },
      fact("newest policy", graph.newest_update ? h("time", { datetime: iso(graph.newest_update), title: iso(graph.newest_update) }, `${span(age)} ago`) : "unknown"),
      fact("policies", count(graph.policies)),
      fact("disabled", graph.policies ? percent(graph.disabled_policies / graph.policies) : "none"),
      fact("version", count(graph.graph_version))),
    ...[stale].filter(Boolean),
    ...graph.distributions.filter(({ name }) => TOLD[name]).map(histogram));
}

function histogram({ name, bins, p50, p90, count: total }) {
  const { title, of, show } = TOLD[name];
  if (bins.length === 0) return h("figure", {}, h("figcaption", {}, h("span", {}, title), h("span", { class: "quiet" }, "none")));
  const range = ({ from, below }) => (below === null ? `from ${show(from)}`
    : below === from + 1 ? `${show(from)}` : `${show(from)} to below ${show(below)}`);
  const titles = bins.map((bin) => `${range(bin)}: ${count(bin.count)} ${of}, ${percent(bin.count / total)}`);
  const marked = bins.findIndex(({ from, below }) => p50 >= from && (below === null || p50 < below));
  const label = `${title}: half of ${count(total)} ${of} at most ${show(p50)}, nine in ten at most ${show(p90)}.`;
  return h("figure", {},
    h("figcaption", {}, h("span", {}, title),
      h("span", { class: "quiet" }, "median ", h("b", { class: "mark-text" }, `${show(p50)}`), `, 90 % ≤ ${show(p90)}`)),
    bars(bins.map((bin) => bin.count), { label, titles, marked }),
    h("p", { class: "axis quiet", "aria-hidden": "true" }, h("span", {}, show(bins[0].from)), h("span", {}, `${bins.at(-1).below === null ? "≥ " : ""}${show(bins.at(-1).from)}`)));
}

const iso = (secs) => new Date(1000 * secs).toISOString().replace(".000", "");

function short(seconds) {
  if (seconds >= 172_800) return `${Math.round(seconds / 86_400)} d`;
  if (seconds >= 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 60)} min`;
}
