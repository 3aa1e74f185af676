import test from "node:test";
import assert from "node:assert/strict";
import { request, refusalCode } from "../static/lib/http.js";
import { ask, askSession, tellRefusal } from "../static/app/api.js";
import { faultText } from "../static/app/office/api.js";
import vi from "../static/i18n/vi.js";
import office from "../static/i18n/office.vi.js";

/** What was asked last. @type {{url: string, init: any}} */
let asked;

/** Has the server answer so. @param {import("node:test").TestContext} t @param {(init: any) => Promise<Response>} answer */
function answering(t, answer) {
  t.mock.method(globalThis, "fetch", (/** @type {string} */ url, /** @type {any} */ init) => {
    asked = { url, init };
    return answer(init);
  });
}

test("a request bears its token and its body, and no more", async (t) => {
  answering(t, async () => Response.json({ id: 7 }, { headers: { "X-Total-Count": "3" } }));
  const read = await request("/me", { token: "t" });
  assert.deepEqual(
    { url: asked.url, method: asked.init.method, headers: asked.init.headers, body: asked.init.body },
    { url: "/api/v1/me", method: "GET", headers: { Authorization: "Bearer t" }, body: undefined },
  );
  assert.deepEqual([read.ok, read.status, read.code, read.data], [true, 200, "", { id: 7 }]);
  assert.equal(read.headers.get("X-Total-Count"), "3");

  await request("/login", { method: "POST", body: { name: "a" } });
  assert.deepEqual(asked.init.headers, { "Content-Type": "application/json" });
  assert.equal(asked.init.body, '{"name":"a"}');

  const picture = new Blob(["x"], { type: "image/jpeg" });
  await request("/me/snapshot", { method: "PUT", body: picture, token: "t" });
  assert.equal(asked.init.headers["Content-Type"], "image/jpeg");
  assert.equal(asked.init.body, picture);
});

test("an empty answer is one, a file comes as it is", async (t) => {
  answering(t, async () => new Response(null, { status: 204 }));
  assert.deepEqual((await request("/logout", { method: "POST" })).data, {});
  answering(t, async () => new Response("%PDF"));
  assert.equal(await (await request("/x.pdf", { as: "blob" })).data.text(), "%PDF");
  assert.ok((await request("/bytes", { as: "stream" })).data instanceof ReadableStream);
});

test("whatever goes wrong has a name and throws nothing", async (t) => {
  const cases = /** @type {[string, () => Promise<Response>, {status: number, code: string, retryS?: number}][]} */ ([
    ["ours", async () => Response.json({ code: "wrong_phase" }, { status: 409 }), { status: 409, code: "wrong_phase" }],
    [
      "of a proxy: too large",
      async () => new Response("<h1>413</h1>", { status: 413 }),
      { status: 413, code: "too_large" },
    ],
    ["of a proxy: no token", async () => new Response("", { status: 401 }), { status: 401, code: "bad_token" }],
    [
      "of a proxy: down",
      async () => new Response("<h1>502</h1>", { status: 502 }),
      { status: 502, code: "unavailable" },
    ],
    [
      "an outage that ends",
      async () => new Response("crowded", { status: 503, headers: { "Retry-After": "10" } }),
      { status: 503, code: "unavailable", retryS: 10 },
    ],
    [
      "an outage of the record",
      async () => Response.json({ code: "unrecorded" }, { status: 503 }),
      { status: 503, code: "unrecorded" },
    ],
    [
      "a date to come back",
      async () => new Response("", { status: 503, headers: { "Retry-After": "Sat, 28 Nov 2026 22:00:00 GMT" } }),
      { status: 503, code: "unavailable" },
    ],
    ["JSON that is no object", async () => Response.json(null, { status: 500 }), { status: 500, code: "internal" }],
    ["a portal's page", async () => new Response("<html>log in</html>"), { status: 0, code: "unavailable" }],
    ["no line", async () => Promise.reject(new TypeError("Failed to fetch")), { status: 0, code: "offline" }],
  ]);
  for (const [name, answer, { status, code, retryS = 0 }] of cases) {
    answering(t, answer);
    const got = await request("/x");
    assert.deepEqual([got.ok, got.status, got.code, got.retryS], [false, status, code, retryS], name);
  }
});

test("an answer that does not come is given up, also in its middle", async (t) => {
  const alive = setInterval(() => undefined, 1_000); // the limit alone keeps no process up
  t.after(() => clearInterval(alive));
  const late = (/** @type {any} */ { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  answering(t, /** @type {any} */ (late));
  assert.equal((await request("/x", { timeoutMs: 1 })).code, "timeout");
  answering(t, async ({ signal }) => {
    const body = new ReadableStream({
      start: (controller) => signal.addEventListener("abort", () => controller.error(signal.reason)),
    });
    return new Response(body);
  });
  assert.equal((await request("/x", { timeoutMs: 1 })).code, "timeout");
});

test("pages ask for their own session, and are told in words", async (t) => {
  answering(t, async () => Response.json({}));
  /** @type {any[]} */ const told = [];
  const room = /** @type {any} */ ({
    token: "t",
    session: { value: { id: "a/b" } },
    claims: null,
    toast: (/** @type {any[]} */ ...what) => told.push(what),
  });
  await askSession(room, "lines/C1");
  assert.equal(asked.url, "/api/v1/sessions/a%2Fb/lines/C1");
  await askSession({ ...room, session: { value: undefined }, claims: { sid: "s" } }, "acts");
  assert.equal(asked.url, "/api/v1/sessions/s/acts");
  await ask(room, "/rehearsal");
  assert.equal(asked.init.headers.Authorization, "Bearer t");

  const refusal = { ok: false, status: 503, code: "unavailable", retryS: 10, data: {}, headers: new Headers() };
  tellRefusal(room, refusal);
  tellRefusal(room, { ...refusal, retryS: 0 });
  tellRefusal(room, { ...refusal, code: "unrecorded" });
  assert.deepEqual(told, [
    ["error", "unavailable_until", { s: "10" }],
    ["error", "unavailable"],
    ["error", "unrecorded"],
  ]);
  assert.match(faultText(refusal), /sau 10 giây/);
  assert.equal(faultText({ ...refusal, retryS: 0 }), office["fault.unavailable"]);
  assert.equal(
    faultText({ ...refusal, code: "bad_account", data: { detail: "bad_role" } }),
    /** @type {any} */ (office)["fault.bad_role"],
  );
  assert.equal(faultText({ ...refusal, code: "something new" }), office["fault.other"]);
});

test("every name by status has words on every page", () => {
  for (const status of [0, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504]) {
    const code = refusalCode(status);
    assert.ok(`refusal.${code}` in vi, code);
    if (code !== "internal") assert.ok(`fault.${code}` in office, code);
  }
});
