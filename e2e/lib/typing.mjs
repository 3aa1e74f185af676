// Typing as people do, key by key: a field that eats spaces, jumps or corrects what is half typed is found out, which setting
// its value hides.
import assert from "node:assert/strict";

/** Types into a field, over what stands in it. */
export async function type(field, text) {
  await field.click();
  await field.press("ControlOrMeta+a");
  if (text) await field.pressSequentially(text);
  else await field.press("Backspace");
  assert.equal(await field.inputValue(), text, "what is typed stays as it is typed");
}

/** Types faster than the page is painted, as a busy or old computer hands over keys: all of them between two pictures. */
export async function typeAtOnce(field, text) {
  await field.click();
  await field.evaluate(async (f, keys) => {
    f.value = "";
    for (const key of keys) {
      f.value += key;
      f.dispatchEvent(new InputEvent("input", { bubbles: true, data: key, inputType: "insertText" }));
      for (let i = 0; i < 20; i++) await null; // the page is built anew for each key, and not yet painted
    }
  }, text);
  await field.evaluate(() => new Promise((painted) => requestAnimationFrame(() => setTimeout(painted))));
  assert.equal(await field.inputValue(), text, "no key is lost before the page is painted");
}

/** Types day and time, given as 2030-01-02T08:00, into the two fields of a moment. */
export async function typeMoment(page, name, moment) {
  const [day, clock] = moment.split("T");
  await type(page.locator(`input[name="${name}-day"]`), day.split("-").reverse().join("/"));
  await type(page.locator(`input[name="${name}-time"]`), clock);
}

/** Puts in text that was copied elsewhere, over what stands there: tabs and lines are part of it. */
export async function paste(field, text) {
  await field.click();
  await field.press("ControlOrMeta+a");
  await field.page().keyboard.insertText(text);
  assert.equal(await field.inputValue(), text);
}
