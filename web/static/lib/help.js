// Which part of the handbook belongs to a page.

/** @type {Record<string, string>} */
const PARTS = {
  "/join": "diem-cau",
  "/j": "diem-cau",
  "/host": "chu-tri",
  "/secretary": "thu-ky",
  "/office": "van-phong",
  "/room": "man-hinh",
};

/**
 * The address of the handbook at the part of a page.
 * @param {string} path of the page
 * @param {string} lang
 */
export function helpOf(path, lang) {
  const part = PARTS[path] ?? (path.startsWith("/j/") ? "diem-cau" : "");
  return `/help${lang === "en" ? "/en" : ""}${part && `#${part}`}`;
}
