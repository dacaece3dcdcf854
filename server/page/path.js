// A route, drawn hop by hop: the line between two nodes is a stroke of lightning that the channel's name shapes.

import { hasKey } from "./api.js";
import { copy, h, s } from "./dom.js";
import { blocks, count, percent, sat, took } from "./format.js";

/** An answer: what all of it costs, the chosen route or part, and a way to choose another. */
export function answer(found, request, endpoint) {
  const isPlan = found.parts !== undefined;
  const items = isPlan ? found.parts.map((part) => ({ ...part, src: found.src, hops: part.route.length }))
    : [found, ...(found.alternatives ?? [])];
  const [told, drawn] = [h("div"), h("div")];
  const show = (place) => {
    told.replaceChildren(isPlan ? planFacts(found) : routeFacts(items[place], place, found));
    drawn.replaceChildren(path(items[place], isPlan ? items[place] : found));
  };
  show(0);
  const others = items.length > 1 ? choice(items, show, isPlan ? PART_COLUMNS : ROUTE_COLUMNS, isPlan ? "Parts" : "Routes, by cost")
    : found.alternatives && h("p", { class: "quiet small" }, "There is no other route.");
  return [h("div", { class: "summary" }, told, others), drawn, asRequest(request, endpoint)];
}

/** An answer in a sentence, for those who hear it. */
export function sentence(found) {
  const what = found.parts ? `a plan of ${many(found.parts.length, "part")}` : `a route of ${many(found.hops, "hop")}`;
  return `Found ${what}: fee ${sat(found.fee_msat)} sat, locked for at most ${found.cltv} blocks, `
    + `${percent(found.probability)} likely to succeed.`;
}

const many = (number, name) => `${count(number)} ${name}${number === 1 ? "" : "s"}`;

const ROUTE_COLUMNS = [
  ["fee, sat", (route) => sat(route.fee_msat)],
  ["hops", (route) => count(route.hops)],
  ["success", (route) => percent(route.probability)],
  ["cost, sat", (route, best) => (route === best ? sat(route.cost_msat) : `+${sat(route.cost_msat - best.cost_msat)}`)],
];
const PART_COLUMNS = [
  ["amount, sat", (part) => sat(part.amount_msat)],
  ["hops", (part) => count(part.hops)],
  ["success", (part) => percent(part.probability)],
  ["fee, sat", (part) => sat(part.fee_msat)],
];

function choice(items, show, columns, legend) {
  const first = columns === ROUTE_COLUMNS ? "best" : "1";
  const option = (item, place) => h("label", { class: "option" },
    h("input", { type: "radio", name: "route", value: place, checked: place === 0, onchange: () => show(place) }),
    h("span", { class: "rank" }, place === 0 ? first : String(place + 1)),
    columns.map(([head, value]) => h("span", { class: "number" }, h("span", { class: "unseen" }, `, ${head} `), value(item, items[0]))));
  return h("fieldset", { class: "choice" }, h("legend", { class: "unseen" }, legend),
    h("div", { class: "option heads", "aria-hidden": "true" },
      ["", "", ...columns.map(([head]) => head)].map((head) => h("span", { class: "number" }, head))),
    items.map(option));
}

function routeFacts(route, place, found) {
  const proof = route.optimal ? (place === 0 ? "proven the cheapest" : `proven the ${ordinal(place + 1)}`)
    : `at most ${sat(route.gap_msat)} sat above the cheapest`;
  return facts(route, ["hops", count(route.hops)], proof, found);
}

function planFacts(plan) {
  const proof = plan.least_cost_msat === undefined ? "no proof with inbound fees"
    : `at most ${sat(plan.cost_msat - plan.least_cost_msat)} sat above the least cost`;
  return facts(plan, ["parts", count(plan.parts.length)], proof, plan);
}

function facts(item, size, proof, found) {
  const ppm = item.amount_msat > 0 ? Math.round(1e6 * item.fee_msat / item.amount_msat) : 0;
  const fact = (name, value, more) => h("div", {}, h("dt", {}, name), h("dd", {}, value, more && h("small", {}, ` ${more}`)));
  return h("div", { class: "facts" },
    h("p", { class: "fee" }, h("strong", {}, sat(item.fee_msat)), " sat fee ", h("span", { class: "quiet" }, `${count(ppm)} ppm`)),
    h("dl", {}, fact("success", percent(item.probability)), fact(...size),
      fact("locked at most", `${count(item.cltv)}`, `blocks, ${blocks(item.cltv)}`)),
    h("p", { class: "quiet small" }, h("span", { class: "proof" }, proof), `, found in ${took(found.elapsed_us)}, ${many(item.settled, "node")} settled`));
}

const ordinal = (number) => `${number}${["th", "st", "nd", "rd"][number < 4 ? number : 0]} cheapest`;

/** A route; channels that the best one lacks are marked. */
function path(route, best) {
  const inBest = new Set(best.route.map((hop) => hop.short_channel_id));
  const most = Math.max(1, ...route.route.map((hop) => hop.fee_msat));
  const last = route.route.length - 1;
  const rows = [
    h("li", { class: "node first" }, dot(), id(route.src), cell("paid", sat(route.amount_msat + route.fee_msat)),
      role("payer")),
  ];
  route.route.forEach((hop, place) => {
    const isOther = !inBest.has(hop.short_channel_id);
    rows.push(h("li", { class: isOther ? "channel other" : "channel" }, stroke(hop.short_channel_id),
      h("span", { class: "what" }, h("span", { class: "scid" }, hop.short_channel_id, h("small", {}, `/${hop.direction}`)),
        isOther && h("span", { class: "differs" }, "not in the best")),
      cell("carries", sat(hop.amount_msat)), cell("", ""), cell("expires in", count(hop.cltv), " blocks")));
    rows.push(place === last
      ? h("li", { class: "node last" }, dot(), id(hop.node_id), cell("gets", sat(route.amount_msat)), role("payee"))
      : h("li", { class: "node" }, dot(), id(hop.node_id), cell("", ""), fee(hop.fee_msat, most)));
  });
  return h("div", { class: "drawn" },
    h("div", { class: "columns quiet", "aria-hidden": "true" }, h("span"), h("span", {}, "node, channel"),
      h("span", {}, "amount, sat"), h("span", {}, "keeps, sat"), h("span", {}, "expiry, blocks")),
    h("ol", { class: "path", "aria-label": "Hops" }, rows));
}

const cell = (name, value, unit) => h("span", { class: "number" },
  name && h("span", { class: "name" }, `${name} `), value, value && unit && h("span", { class: "name" }, unit));

const role = (name) => h("span", { class: "role" }, name);

function fee(msat, most) {
  const bar = s("svg", { class: "bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { x: 100 - 100 * msat / most, width: 100 * msat / most, height: 4 }));
  return h("span", { class: "number" }, h("span", { class: "name" }, "keeps "), sat(msat), bar);
}

function id(text) {
  const button = h("button", {
    type: "button", class: "node-id", title: `${text}\ncopy`, "aria-label": `Node ${text}: copy`,
    onclick: (event) => copy(event.currentTarget, text),
  }, h("b", {}, text.slice(0, 10)), h("span", { class: "middle" }, text.slice(10, -6)), h("b", {}, text.slice(-6)));
  return h("span", { class: "what" }, button);
}

const dot = () => s("svg", { class: "rail", viewBox: "0 0 36 36", "aria-hidden": "true" }, s("circle", { cx: 18, cy: 18, r: 5 }));

/** A stroke of lightning, the same for the same channel. */
function stroke(name) {
  let state = [...name].reduce((sum, letter) => Math.imul(sum ^ letter.codePointAt(0), 0x01000193), 0x811c9dc5);
  const draw = () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return (state >>> 8) / (1 << 24);
  };
  const points = [[18, 0]];
  for (let step = 1; step < 6; step += 1) {
    const side = step % 2 === 0 ? -1 : 1;
    points.push([18 + side * (2 + 7 * draw()), 100 * (step - 0.3 + 0.6 * draw()) / 6]);
  }
  points.push([18, 100]);
  const [x, y] = points[1 + Math.floor(4 * draw())];
  const out = x < 18 ? -1 : 1;
  const spur = `M${x} ${y}L${x + out * (3 + 2 * draw())} ${y + 9}L${x + out * 9} ${y + 14 + 8 * draw()}`;
  return s("svg", { class: "rail", viewBox: "0 0 36 100", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("path", { class: "spur", d: spur }),
    s("path", { class: "bolt", pathLength: 1, d: `M${points.map((point) => point.map((n) => n.toFixed(1)).join(" ")).join("L")}` }));
}

function asRequest(request, endpoint) {
  // The key itself is not for all who see the page.
  const header = hasKey() ? " -H 'Authorization: Bearer KEY'" : "";
  const line = `curl -s ${location.origin}${endpoint}${header} -d '${request}'`;
  return h("details", { class: "request" }, h("summary", {}, "The same with curl"), h("pre", { tabindex: 0 }, line),
    h("button", { type: "button", onclick: (event) => copy(event.currentTarget, line) }, "Copy"));
}
