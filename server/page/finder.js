// The finder: from the form to a question, from the answer to what is drawn. The address holds the question.

import { ask, Problem, useKey } from "./api.js";
import { nodesLike, suggest, tidy } from "./combo.js";
import { at, h } from "./dom.js";
import { count, sat } from "./format.js";
import { figure } from "./figure.js";
import { answer, sentence } from "./path.js";

const FIELDS = ["payer", "payee", "amount", "unit", "cost", "further"];
/** Where the API's fields are asked for. */
const ASKED_IN = { src: "payer", dst: "payee", amount_msat: "amount", cost: "cost", alternatives: "further", diverse: "further" };
/** The largest integer that JavaScript tells from its neighbours: 90,071 BTC. */
const MSAT_MAX = Number.MAX_SAFE_INTEGER;

let running = new AbortController();

/** Makes the finder work. */
export function start() {
  suggest(at("payer"));
  suggest(at("payee"));
  at("finder").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  at("swap").addEventListener("click", () => {
    [at("payer").value, at("payee").value] = [at("payee").value, at("payer").value];
    if (at("payer").value && at("payee").value && at("amount").value) submit();
  });
  at("example").addEventListener("click", () => example());
  at("key").addEventListener("change", (event) => { useKey(event.target.value); location.reload(); });
  addEventListener("hashchange", () => { if (read()) find(); });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    at("payer").focus();
    at("payer").select();
  });
  if (read()) find();
  else invite();
}

function invite() {
  at("answer").replaceChildren(figure(), h("p", { class: "invitation quiet" },
    "Paste the ids of two nodes and an amount, or ",
    h("button", { type: "button", class: "link", onclick: () => example() }, "take an example"), "."));
}

/** Fills the form from the address; whether that holds a question. */
function read() {
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const name of FIELDS) if (kept.has(name)) at(name).value = kept.get(name);
  group();
  for (const select of [at("unit"), at("cost"), at("further")]) if (select.selectedIndex < 0) select.selectedIndex = 0;
  return kept.has("payer") && kept.has("payee") && kept.has("amount");
}

/** Writes the amount as people read it. */
function group() {
  const [whole, rest] = at("amount").value.split(".");
  if (/^\d+$/.test(whole)) at("amount").value = count(BigInt(whole)) + (rest === undefined ? "" : `.${rest}`);
}

/** Puts the question into the address, and so asks it. */
function submit() {
  for (const name of ["payer", "payee"]) at(name).value = tidy(at(name).value);
  at("amount").value = at("amount").value.replace(/[\s,_']/g, "");
  const question = new URLSearchParams(FIELDS.map((name) => [name, at(name).value.trim()]));
  const hash = `#${question}`;
  group();
  if (location.hash === hash) find();
  else location.hash = hash;
}

async function example() {
  const seed = Math.floor(Math.random() * 2 ** 32);
  try {
    const payment = await ask(`/api/v1/graph/example?seed=${seed}`);
    at("payer").value = payment.src;
    at("payee").value = payment.dst;
    at("amount").value = String(payment.amount_msat / 1000);
    at("unit").value = "sat";
    submit();
  } catch (error) { refuse(error); }
}

async function find() {
  running.abort();
  const mine = running = new AbortController();
  clear();
  at("answer").setAttribute("aria-busy", "true");
  try {
    const endpoint = at("further").value === "parts" ? "/api/v1/plans" : "/api/v1/routes";
    const request = await question(mine.signal);
    const found = await ask(endpoint, request, mine.signal);
    at("answer").replaceChildren(...answer(found, request, endpoint).filter(Boolean));
    at("said").textContent = sentence(found);
  } catch (error) {
    if (error.name !== "AbortError") await refuse(error);
  } finally {
    if (running === mine) at("answer").removeAttribute("aria-busy");
  }
}

/** The body of the request. */
async function question(signal) {
  const further = at("further").value;
  const body = {
    src: await node("payer", signal),
    dst: await node("payee", signal),
    amount_msat: amount(),
    cost: { model: at("cost").value },
  };
  if (further === "parts") return JSON.stringify({ query: body });
  if (further !== "0") body.alternatives = Number.parseInt(further, 10);
  if (further.endsWith("d")) body.diverse = true;
  return JSON.stringify(body);
}

/** A field's node: its id, or the only one that begins so. */
async function node(name, signal) {
  const text = tidy(at(name).value);
  const field = name === "payer" ? "src" : "dst";
  const refused = (detail, hint, isPrefix) => new Problem({ title: `The ${name} is no node id`, detail, hint, field, isPrefix });
  if (text === "") throw refused("the field is empty", "paste a node's id, 66 hexadecimal digits, or press ↓ for the largest nodes");
  if (!/^[0-9a-f]*$/.test(text)) throw refused("an id has the digits 0 to 9 and a to f alone", "aliases are not unique, and not looked up");
  if (text.length > 66) throw refused(`it has ${text.length} digits instead of 66`);
  if (text.length === 66) {
    if (!/^0[23]/.test(text)) throw refused("a node's id begins with 02 or 03");
    at(name).value = text;
    return text;
  }
  const alike = await nodesLike(text, signal);
  if (alike.length === 1) return at(name).value = alike[0].node_id;
  const isPrefix = alike.length > 0;
  throw refused(`it has ${text.length} of 66 digits, and ${isPrefix ? "more than one node" : "no node"} begins so`,
    isPrefix ? "type more of it, or choose one of the list" : undefined, isPrefix);
}

function amount() {
  const refused = (detail, hint) => new Problem({ title: "The amount cannot be paid", detail, hint, field: "amount_msat" });
  const text = at("amount").value.replace(/[\s,_']/g, "");
  const isSat = at("unit").value === "sat";
  if (text === "") throw refused("the field is empty", "say how much the payee shall get");
  if (!(isSat ? /^\d+(\.\d{1,3})?$/ : /^\d+$/).test(text)) {
    throw refused("it is no number", isSat ? "use digits, and at most three after the point" : "msat are whole numbers");
  }
  const [whole, rest = ""] = text.split(".");
  const msat = isSat ? Number(whole) * 1000 + Number(rest.padEnd(3, "0")) : Number(whole);
  if (msat > MSAT_MAX) throw refused("that is more than all channels hold");
  return msat;
}

function clear() {
  at("said").textContent = "";
  for (const input of document.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const note of document.querySelectorAll(".note:not(#key-note)")) note.textContent = "";
}

/** Tells why there is no answer: all of it below the form, in short at the field, which gets the focus. */
async function refuse(error) {
  const problem = error instanceof Problem ? error.document : { title: "The page failed", detail: String(error) };
  if (problem.status === 401) at("key").focus();
  const name = fieldOf(problem);
  const widest = problem.widest_msat;
  at("answer").replaceChildren(h("div", { class: "problem", role: "alert" },
    h("h3", {}, problem.title ?? "There is no answer"),
    h("p", { class: "detail" }, sentenceCase(problem.detail ?? "")),
    problem.hint && h("p", { class: "hint" }, sentenceCase(problem.hint)),
    widest > 0 && h("button", { type: "button", onclick: () => retry(widest) }, `Try ${sat(widest)} sat, the most that one path takes`),
    /plan of several parts/.test(problem.hint) && h("button", { type: "button", onclick: split }, "Split it into parts"),
    problem.code && h("p", { class: "quiet small" }, h("a", { href: `/api/reference#${problem.code}` }, h("code", {}, problem.code)), problem.retry_after_s && `, try again in ${problem.retry_after_s} s`)));
  if (!name) return;
  at(name).setAttribute("aria-invalid", "true");
  at(`${name}-note`).textContent = inSat(problem.detail);
  at(name).focus();
  // Those that begin so are told by the field itself.
  if (problem.isPrefix) at(name).dispatchEvent(new Event("input"));
}

/** The form's field that a problem is about. */
function fieldOf({ code, field, detail }) {
  const known = ASKED_IN[(field ?? "").replace(/^query\./, "").split(/[.[]/)[0]];
  if (known || code !== "unknown_node") return known;
  return (detail ?? "").includes(tidy(at("payee").value)) ? "payee" : "payer";
}

function split() {
  at("further").value = "parts";
  submit();
}

function retry(msat) {
  at("amount").value = String(Math.floor(msat / 1000));
  at("unit").value = "sat";
  submit();
}

const inSat = (text) => text.replace(/\b(\d{1,15}) msat\b/g, (_, msat) => `${sat(Number(msat))} sat`);

function sentenceCase(text) {
  if (!text) return "";
  return `${text[0].toUpperCase()}${inSat(text.slice(1))}${/[.!?]$/.test(text) ? "" : "."}`;
}
