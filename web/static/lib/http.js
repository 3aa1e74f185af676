// The one way to the server's HTTP API: the token, JSON both ways, a time limit, and one name for whatever went wrong.

const BASE = "/api/v1";

/** How long a person waits for an answer, and for a file on a weak line, in ms. */
const ANSWER_MS = 20_000;
const FILE_MS = 180_000;

/**
 * @typedef {object} Options
 * @property {string} [method]
 * @property {string} [token] of a link; the office's login is a cookie that scripts cannot read
 * @property {object | Blob} [body] a Blob goes as it is, anything else as JSON
 * @property {"json" | "blob" | "stream"} [as] what is expected
 * @property {number} [timeoutMs] for the whole answer
 *
 * @typedef {object} Answer
 * @property {boolean} ok
 * @property {number} status of HTTP; 0 = no answer came
 * @property {string} code what went wrong, "" when nothing did: the server's own word, or one by the status
 * @property {number} retryS when the server wants to be asked again, in seconds; 0 = it did not say
 * @property {any} data what was expected, or the members of a refusal
 * @property {Headers} headers
 */

/**
 * Asks the server. Never throws: who asks looks at ok.
 * @param {string} path below /api/v1
 * @param {Options} [options]
 * @returns {Promise<Answer>}
 */
export async function request(path, { method = "GET", token, body, as = "json", timeoutMs } = {}) {
  const file = body instanceof Blob;
  const limit = timeoutMs ?? (file || as === "blob" ? FILE_MS : ANSWER_MS);
  try {
    const response = await fetch(BASE + path, {
      method,
      body: file ? body : body && JSON.stringify(body),
      headers: {
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(body ? { "Content-Type": file ? body.type : "application/json" } : {}),
      },
      signal: AbortSignal.timeout(limit),
    });
    if (!response.ok) return refused(response, await response.json().catch(() => null));
    return answered(response, await read(response, as));
  } catch (error) {
    if (error instanceof SyntaxError) return unanswered("unavailable"); // a page of somebody between here and the server
    return unanswered(error instanceof DOMException && error.name === "TimeoutError" ? "timeout" : "offline");
  }
}

/** @param {Response} response @param {"json" | "blob" | "stream"} as */
async function read(response, as) {
  if (as === "blob") return response.blob();
  if (as === "stream") return response.body;
  const text = await response.text();
  return text ? JSON.parse(text) : {};
}

/** @param {Response} response @param {any} data @returns {Answer} */
function answered({ status, headers }, data) {
  return { ok: true, status, code: "", retryS: 0, data, headers };
}

/** @param {Response} response @param {any} body @returns {Answer} */
function refused({ status, headers }, body) {
  const data = body !== null && typeof body === "object" ? body : {};
  const code = refusalCode(status, typeof data.code === "string" ? data.code : undefined);
  const wait = Number(headers.get("Retry-After"));
  return { ok: false, status, code, retryS: Number.isFinite(wait) && wait > 0 ? Math.ceil(wait) : 0, data, headers };
}

/** @param {string} code @returns {Answer} */
function unanswered(code) {
  return { ok: false, status: 0, code, retryS: 0, data: {}, headers: new Headers() };
}

/**
 * What a refused request is called, by its status when whoever refused it said nothing of ours (a proxy, an old server).
 * @param {number} status of HTTP; 0 = no answer
 * @param {string} [code] of our own servers
 */
export function refusalCode(status, code) {
  if (status === 0) return "offline";
  if (status === 413) return "too_large";
  if (code) return code;
  switch (status) {
    case 401:
      return "bad_token";
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 408:
    case 504:
      return "timeout";
    case 429:
      return "too_many";
    case 502:
    case 503:
      return "unavailable";
    default:
      return "internal";
  }
}
