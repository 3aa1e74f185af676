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
  const token = hash.replace(/^#/, "");
  return /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}$/.test(token) ? token : "";
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
