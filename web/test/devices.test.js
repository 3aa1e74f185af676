import test from "node:test";
import assert from "node:assert/strict";
import vi from "../static/i18n/vi.js";
import en from "../static/i18n/en.js";
import * as devices from "../static/lib/devices.js";

const error = (/** @type {string} */ name, message = "") => Object.assign(new Error(message), { name });

test("a secure page without devices is in the browser of another program", () => {
  const may = { getUserMedia: () => undefined };
  assert.equal(devices.barrier({ mediaDevices: may, secure: true }), "");
  assert.equal(devices.barrier({ mediaDevices: undefined, secure: true }), "inapp");
  assert.equal(devices.barrier({ mediaDevices: {}, secure: true }), "inapp");
  assert.equal(devices.barrier({ mediaDevices: undefined, secure: false }), "insecure");
});

test("every problem of a device has its words", () => {
  const table = {
    NotAllowedError: "refused",
    SecurityError: "refused",
    NotReadableError: "busy",
    AbortError: "busy",
    NotFoundError: "none",
    OverconstrainedError: "none",
    StuckError: "stuck",
  };
  for (const [name, problem] of Object.entries(table)) assert.equal(devices.problemOf(error(name)), problem, name);
  for (const problem of ["insecure", "inapp", "refused", "none", "busy", "stuck"])
    for (const device of ["both", "camera", "microphone"])
      for (const texts of [vi, en])
        assert.ok(/** @type {any} */ (texts)[`problem.${device}.${problem}`], `${device} ${problem}`);
  assert.match(vi["problem.both.inapp"], /mở bằng Chrome hoặc Safari/);
  assert.doesNotMatch(vi["problem.both.inapp"], /https/);
  // The record of technical checks knows these alone.
  for (const problem of ["insecure", "inapp", "refused", "none", "busy", "stuck"])
    assert.ok(["insecure", "refused", "none", "busy"].includes(devices.recorded(problem)), problem);
});

test("a browser that never answers is given up, and what it gives later is taken", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {(got: string) => void} */ let give = () => undefined;
  /** @type {string[]} */ const late = [];
  const asked = devices.within(new Promise((resolve) => (give = resolve)), 1_000, (got) => late.push(String(got)));
  const told = assert.rejects(asked, devices.StuckError);
  t.mock.timers.tick(999);
  t.mock.timers.tick(1);
  await told;
  give("camera");
  await new Promise(setImmediate);
  assert.deepEqual(late, ["camera"]);
  assert.equal(await devices.within(Promise.resolve("at once"), 1_000, () => assert.fail()), "at once");
  await assert.rejects(
    devices.within(Promise.reject(error("NotAllowedError")), 1_000, () => assert.fail()),
    {
      name: "NotAllowedError",
    },
  );
});

test("a screen that is not shared says why, and no button is shown for what cannot be", () => {
  const table = /** @type {const} */ ([
    ["NotAllowedError", "Permission denied", "screen_refused"],
    ["NotAllowedError", "Permission denied by system", "screen_system"],
    ["InvalidStateError", "", "screen_refused"],
    ["NotFoundError", "", "screen_none"],
    ["NotReadableError", "Could not start video source", "screen_busy"],
    ["AbortError", "", "screen_busy"],
    ["TypeError", "getDisplayMedia is not a function", "screen_impossible"],
    ["NotSupportedError", "", "screen_impossible"],
  ]);
  for (const [name, message, want] of table) {
    assert.equal(devices.screenProblem(error(name, message)), want, name);
    assert.ok(vi[`refusal.${want}`] && en[`refusal.${want}`], want);
  }
  const shares = { getDisplayMedia: () => undefined };
  assert.ok(devices.canShare({ mediaDevices: shares, userAgent: "Windows NT 10.0 Chrome/120" }));
  assert.ok(!devices.canShare({ mediaDevices: shares, userAgent: "Linux; Android 13 Chrome/120 Mobile" }));
  assert.ok(!devices.canShare({ mediaDevices: {}, userAgent: "iPhone" }));
  assert.ok(!devices.canShare({ userAgent: "Zalo" }));
});

test("a loudspeaker that is pulled out is noticed", () => {
  const out = (/** @type {string} */ deviceId, label = "") => ({ kind: "audiooutput", deviceId, label });
  const usb = out("u", "Loa USB");
  const own = out("o", "Loa trong");
  const mic = { kind: "audioinput", deviceId: "m", label: "Micro" };
  const table = /** @type {const} */ ([
    ["the chosen one is gone", [usb, own, mic], [own, mic], "u", { none: false, label: "Loa trong" }],
    ["another one is gone", [usb, own], [usb], "u", null],
    [
      "the system's choice moved",
      [out("default", "Default - Loa USB"), usb, own],
      [out("default", "Default - Loa trong"), own],
      "",
      { none: false, label: "Loa trong" },
    ],
    [
      "the system's choice stays",
      [out("default", "Default - Loa trong"), usb, own],
      [out("default", "Default - Loa trong"), own],
      "",
      null,
    ],
    ["the last one is gone", [usb, mic], [mic], "u", { none: true, label: "" }],
    ["one of the unnamed is gone", [out(""), out("")], [out("")], "", { none: false, label: "" }],
    ["one is plugged in", [own], [usb, own], "", null],
    ["none was known", [mic], [own, mic], "", null],
    ["a microphone is gone", [own, mic], [own], "o", null],
  ]);
  for (const [what, before, after, chosen, want] of table)
    assert.deepEqual(devices.loudspeakerChange(before, after, chosen), want, what);
});
