// The last still picture of sites, for a wall of them.
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { askSession } from "../api.js";

/** @typedef {import("../room.js").Room} Room */

/** Newer still pictures are looked for this often. */
const STILL_MS = 10_000;

/**
 * Still pictures of sites, as addresses for images: only those that the server has are asked for, and of these only what is new.
 * @param {Room} room
 * @param {string} codes with commas
 * @returns {ReadonlyMap<string, string>} by code
 */
export function useStills(room, codes) {
  const [stills, setStills] = useState(/** @type {ReadonlyMap<string, string>} */ (new Map()));
  const kept = useRef(/** @type {Map<string, {etag: string, address: string}>} */ (new Map()));
  useEffect(() => {
    let gone = false;
    const wanted = codes ? codes.split(",") : [];
    const show = () => setStills(new Map([...kept.current].map(([code, still]) => [code, still.address])));
    for (const [code, still] of kept.current) {
      if (wanted.includes(code)) continue;
      URL.revokeObjectURL(still.address);
      kept.current.delete(code);
    }
    show();
    const load = async () => {
      const listed = await askSession(room, `snapshots?codes=${encodeURIComponent(codes)}`);
      /** @type {{endpoint: string, etag: string}[]} */
      const snapshots = listed.data.snapshots ?? [];
      for (const { endpoint, etag } of snapshots) {
        if (gone || kept.current.get(endpoint)?.etag === etag) continue;
        const picture = await askSession(room, `snapshots/${encodeURIComponent(endpoint)}`, { as: "blob" });
        if (!picture.ok || gone) continue;
        URL.revokeObjectURL(kept.current.get(endpoint)?.address ?? "");
        kept.current.set(endpoint, { etag, address: URL.createObjectURL(picture.data) });
        show();
      }
    };
    if (!wanted.length) return;
    void load();
    const timer = setInterval(() => void load(), STILL_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [codes]);
  useEffect(
    () => () => {
      for (const { address } of kept.current.values()) URL.revokeObjectURL(address);
    },
    [],
  );
  return stills;
}
