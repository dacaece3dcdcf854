// The way to the server. Whatever goes wrong is told as a problem document (RFC 9457).

/** Why there is no answer. */
export class Problem extends Error {
  constructor(document) {
    super(document.detail ?? document.title);
    this.document = document;
  }
}

let key = "";
try { key = sessionStorage.getItem("key") ?? ""; } catch { /* storage may be forbidden */ }

/** Keeps a bearer key, for this tab and from its next load on. */
export function useKey(text) {
  try { sessionStorage.setItem("key", text.trim()); } catch { /* then it is wanted again */ }
}

/** Whether there is one. */
export const hasKey = () => key !== "";

/** Asks for JSON: GET, or POST where there is a body. */
export async function ask(path, body, signal) {
  const headers = {};
  if (key) headers.authorization = `Bearer ${key}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  let response;
  try {
    const method = body === undefined ? "GET" : "POST";
    response = await fetch(path, { method, headers, body, signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({
      title: "The server cannot be reached", detail: "the connection failed", hint: "look whether it still runs",
    });
  }
  const text = await response.text();
  let value = null;
  try { value = JSON.parse(text); } catch { /* told below */ }
  if (response.ok && value !== null) return value;
  const { status } = response;
  if (status === 401) document.getElementById("field-key").hidden = false;
  throw new Problem({ title: "There is no answer", detail: `status ${status}`, ...value, status });
}
