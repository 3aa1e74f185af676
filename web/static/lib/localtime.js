// Times of a zone in <input type="datetime-local">, whatever the zone of the computer.

/**
 * What the clocks of a zone show, as the input takes it.
 * @param {string | undefined} iso RFC 3339
 * @param {string} timeZone IANA name
 */
export function toInput(iso, timeZone) {
  if (!iso) return "";
  const parts = new Intl.DateTimeFormat("en-CA", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone,
  }).formatToParts(new Date(iso));
  const of = (/** @type {string} */ type) => parts.find((p) => p.type === type)?.value ?? "";
  return `${of("year")}-${of("month")}-${of("day")}T${of("hour")}:${of("minute")}`;
}

/**
 * The instant at which the clocks of a zone show what an input holds; "" for none.
 * @param {string} text such as 2026-03-02T08:00
 * @param {string} timeZone
 */
export function fromInput(text, timeZone) {
  const wanted = Date.parse(`${text}Z`);
  if (Number.isNaN(wanted)) return "";
  // The offset is that of the instant itself, which two steps find except in the hour that is skipped.
  let at = wanted;
  for (let i = 0; i < 2; i++) at = wanted - (Date.parse(`${toInput(new Date(at).toISOString(), timeZone)}Z`) - at);
  return new Date(at).toISOString().replace(".000Z", "Z");
}
