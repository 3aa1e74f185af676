// Whether who speaks here is heard: the level before a closed microphone, and what the system does to it.
import { computed, effect, signal } from "../vendor/signals.js";
import { Talking } from "../lib/talking.js";
import { meter } from "./media.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {"" | "talking" | "system"} Problem */

/**
 * Follows one's own voice while others should hear it.
 * @param {Room} room
 * @param {(problem: Problem) => void} tell
 * @returns {import("@preact/signals").ReadonlySignal<Problem>}
 */
export function followVoice(room, tell) {
  const talks = signal(false);
  /** The microphone as it hears, which is closed to the others: a track of its own. @type {import("@preact/signals").Signal<MediaStreamTrack | null>} */
  const ear = signal(null);
  const onAir = computed(() => room.onAir.value && room.speaking.value?.state === "on_air");
  const closed = computed(() => onAir.value && Boolean(room.self.value?.muted));
  effect(() => {
    const microphone = room.media.microphone.value;
    if (!closed.value || !microphone) return;
    const track = microphone.clone();
    track.enabled = true;
    ear.value = track;
    const talking = new Talking();
    const stop = meter(ear, (level) => {
      talks.value = talking.hear(level, performance.now());
    });
    return () => {
      stop();
      track.stop();
      ear.value = null;
      talks.value = false;
    };
  });
  const problem = computed(() =>
    !onAir.value ? "" : room.media.silenced.value ? "system" : closed.value && talks.value ? "talking" : "",
  );
  let told = "";
  effect(() => {
    // A new connection knows of nothing.
    if (room.link.value !== "online") told = "";
    else if (problem.value !== told) tell((told = problem.value));
  });
  return problem;
}
