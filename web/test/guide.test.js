// The handbook calls what is pressed as the pages do.
import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";

/** What is bold because it matters, or because it heads a line. */
const EMPHASIS = {
  "": [
    "luôn tắt",
    "một đường dẫn riêng",
    "Cho phép", // the browser's own button
    "Trang chưa hiện ra",
    "Thử lại ngay", // of the frame (page.html)
    "Không ai nghe được",
    "Đang mở trên máy khác",
    "niêm phong",
    "Văn phòng",
    "tệp mẫu",
    "sửa một đơn vị",
  ],
  "en/": [
    "always closed",
    "a link of its own",
    "allow", // as above
    "Nothing but a notice",
    "Try again now", // as above
    "Connection lost",
    "Nobody hears you",
    "Open on another computer",
    "rules",
    "seal",
    "Office",
    "template file",
    "change one unit",
  ],
};

for (const [dir, lang] of /** @type {const} */ ([
  ["", "vi"],
  ["en/", "en"],
]))
  test(`what the handbook says to press stands on a page, in ${lang}`, async () => {
    const texts = new Set();
    for (const name of [lang, `office.${lang}`, `report.${lang}`])
      for (const text of Object.values((await import(`../static/i18n/${name}.js`)).default)) texts.add(text);
    const root = new URL(`../../docs/huong-dan/${dir}`, import.meta.url);
    const emphasis = new Set(EMPHASIS[dir]);
    let checked = 0;
    for (const file of readdirSync(root).filter((name) => name.endsWith(".md")))
      for (const [, bold] of readFileSync(new URL(file, root), "utf8").matchAll(/\*\*([^*]+)\*\*/g)) {
        checked++;
        assert.ok(texts.has(bold) || emphasis.has(bold), `${dir}${file}: no page says “${bold}”`);
      }
    assert.ok(checked > 40, "what is bold was not found");
  });
