// The token of a join link stands in the fragment of the address, which no browser sends to a server or a log.

/**
 * @typedef {object} Claims
 * @property {string} [role] host, operator, secretary, endpoint
 * @property {string} [sub] code of the endpoint
 * @property {string} [sid] session
 */

/**
 * Reads the token of an address.
 * @param {string} hash location.hash
 * @returns {string} "" when there is none
 */
export function tokenOf(hash) {
  const [, body, signature] = TOKEN.exec(hash) ?? [];
  return body ? body + signature.slice(0, SIGNATURE) : "";
}

/** A token, and behind it at most what chat programs and people add: a full stop, a bracket, quotes, or a query of their own. */
const TOKEN = /^#?([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.)([A-Za-z0-9_-]+)(?:[^A-Za-z0-9_.-].*|\.+(?:[^A-Za-z0-9_-].*)?)?$/;

/** Characters of an Ed25519 signature: what stands behind it, such as the "_" of a markup, belongs to nobody's token. */
const SIGNATURE = 86;

/**
 * The printed code that an address bears, behind the # or, in older invitations, in the path.
 * @param {string} hash location.hash
 * @param {string} path location.pathname
 */
export function codeOf(hash, path) {
  const text = hash.replace(/^#/, "") || path.replace(/^\/j\/?/, "");
  let code = text;
  try {
    code = decodeURIComponent(text);
  } catch {
    // A lone % sign: taken as it is.
  }
  return code.replace(/[?&].*$/s, "").trim();
}

/**
 * Where what somebody types into the field for a code leads: the code, or the address that was pasted as a whole.
 * @param {string} typed
 * @returns {string} an address of this server; "" for nothing
 */
export function typedAddress(typed) {
  const text = typed.trim();
  const address =
    /^(?:https?:\/\/)?[^\s/#]+(\/[a-z]+)?\/?#(.+)$/is.exec(text) ?? /^https?:\/\/[^\s/#]+(\/j)\/(.+)$/is.exec(text);
  if (address) {
    const token = tokenOf(address[2]);
    return token ? `${(address[1] ?? "/join").toLowerCase()}#${token}` : `/j#${encodeURIComponent(address[2])}`;
  }
  return text ? `/j#${encodeURIComponent(text)}` : "";
}

/**
 * Reads what a token says, for display only: the server alone judges it.
 * @param {string} token
 * @returns {Claims | null} null when it is not a token at all
 */
export function claimsOf(token) {
  try {
    const bytes = Uint8Array.from(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return claims && typeof claims === "object" ? claims : null;
  } catch {
    return null;
  }
}
