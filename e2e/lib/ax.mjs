// What a screen reader gets: Chromium's accessibility tree.

/**
 * @typedef {{role: string, name: string, live: string, focused: boolean, text: string, pressed: string, disabled: boolean}} Thing
 */

/**
 * The tree of a page, flat, in order, without what is hidden from assistive technology.
 * @returns {Promise<Thing[]>}
 */
export async function heard(page) {
  const cdp = await page.context().newCDPSession(page);
  const { nodes } = await cdp.send("Accessibility.getFullAXTree");
  await cdp.detach();
  const byId = new Map(nodes.map((n) => [n.nodeId, n]));
  const property = (n, name) => String(n.properties?.find((p) => p.name === name)?.value.value ?? "");
  const text = (n) =>
    n.role?.value === "StaticText"
      ? n.name.value
      : (n.childIds ?? [])
          .map((id) => text(byId.get(id) ?? {}))
          .filter(Boolean)
          .join(" ");
  return nodes
    .filter((n) => !n.ignored)
    .map((n) => ({
      role: n.role?.value ?? "",
      name: (n.name?.value ?? "").trim(),
      live: property(n, "live"),
      focused: property(n, "focused") === "true",
      pressed: property(n, "pressed"),
      disabled: property(n, "disabled") === "true",
      text: text(n),
    }));
}

const CONTROLS = [
  "button",
  "link",
  "textbox",
  "searchbox",
  "combobox",
  "spinbutton",
  "checkbox",
  "slider",
  "PopUpButton",
  "ComboBoxMenuButton",
];

/** The controls among them. */
export const controls = (things) => things.filter((n) => CONTROLS.includes(n.role));

/** What live regions say now, by their urgency. */
export const said = (things, live) =>
  things
    .filter((n) => n.live === live || (live === "assertive" && n.role === "alert"))
    .map((n) => n.text)
    .filter(Boolean);

/** Presses Tab until something matching a selector has the focus; returns the actions of what was passed, itself last. */
export async function tabTo(page, selector, most = 60) {
  const passed = [];
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const { action, there } = await page.evaluate(
      (s) => ({
        action: document.activeElement?.closest("[data-action]")?.dataset.action ?? document.activeElement?.tagName,
        there: Boolean(document.activeElement?.matches(s)),
      }),
      selector,
    );
    passed.push(action);
    if (there) return passed;
  }
  throw new Error(`${selector} is not reached by Tab; passed ${passed}`);
}
