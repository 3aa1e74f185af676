// What the page tells of its device: browser and system, as coarse as support and the record need it.

/** The first that matches names it; most browsers also claim to be others. @type {readonly [RegExp, string][]} */
const BROWSERS = [
  [/Zalo(?: iOS| android)?\/(\d+)/, "Zalo"],
  [/coc_coc_browser\/(\d+)/, "Coc Coc"],
  [/Edg(?:A|iOS)?\/(\d+)/, "Edge"],
  [/OPR\/(\d+)/, "Opera"],
  [/SamsungBrowser\/(\d+)/, "Samsung Internet"],
  [/(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
  [/(?:Chrome|CriOS)\/(\d+)/, "Chrome"],
  [/Version\/(\d+)[^ ]* (?:Mobile\/\w+ )?Safari/, "Safari"],
];

/** @type {readonly [RegExp, string][]} */
const SYSTEMS = [
  [/Windows/, "Windows"],
  [/Android (\d+)/, "Android"],
  [/Android/, "Android"],
  [/iPad; CPU OS (\d+)/, "iPadOS"],
  [/iPhone OS (\d+)/, "iOS"],
  [/CrOS/, "ChromeOS"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
];

/**
 * Such as "Chrome 156, Windows". A browser that is not known tells nothing.
 * @param {{userAgent: string, maxTouchPoints?: number}} navigator
 */
export function deviceName({ userAgent, maxTouchPoints = 0 }) {
  const name = (/** @type {readonly [RegExp, string][]} */ list) => {
    for (const [pattern, text] of list) {
      const match = pattern.exec(userAgent);
      if (match) return [text, match[1]].filter(Boolean).join(" ");
    }
    return "";
  };
  const system = name(SYSTEMS);
  // An iPad claims to be a Mac, which has no touch screen.
  return [name(BROWSERS), system === "macOS" && maxTouchPoints > 1 ? "iPadOS" : system].filter(Boolean).join(", ");
}
