// Accounts as a form knows them.

/** Which part of the form a refusal is about. @type {Record<string, string>} */
const PARTS = {
  bad_name: "name",
  bad_scope: "scope",
  short_password: "password",
  long_password: "password",
  weak_password: "password",
};

/**
 * @param {{code: string, data?: any}} answer that refused an account
 * @returns {string} name of the part that is to be mended, "" when it is about none or the whole
 */
export function accountPart({ code, data }) {
  if (code === "conflict") return "name"; // somebody is called so
  return code === "bad_account" ? (PARTS[String(data?.detail ?? "")] ?? "") : "";
}
