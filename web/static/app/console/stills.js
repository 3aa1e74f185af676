// The last still picture of sites, for a wall of them.
import { useEffect, useRef, useState } from "../../vendor/hooks.js";

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
    const base = `/api/v1/sessions/${encodeURIComponent(room.session.value?.id ?? "")}/snapshots`;
    const ask = (/** @type {string} */ url) =>
      fetch(url, { headers: { Authorization: `Bearer ${room.token}` } }).catch(() => null);
    const show = () => setStills(new Map([...kept.current].map(([code, still]) => [code, still.address])));
    for (const [code, still] of kept.current) {
      if (wanted.includes(code)) continue;
      URL.revokeObjectURL(still.address);
      kept.current.delete(code);
    }
    show();
    const load = async () => {
      const listed = await ask(`${base}?codes=${encodeURIComponent(codes)}`);
      /** @type {{snapshots: {endpoint: string, etag: string}[]}} */
      const { snapshots } = listed?.ok ? await listed.json().catch(() => ({ snapshots: [] })) : { snapshots: [] };
      for (const { endpoint, etag } of snapshots) {
        if (gone || kept.current.get(endpoint)?.etag === etag) continue;
        const response = await ask(`${base}/${encodeURIComponent(endpoint)}`);
        const picture = response?.ok ? await response.blob().catch(() => null) : null;
        if (!picture || gone) continue;
        URL.revokeObjectURL(kept.current.get(endpoint)?.address ?? "");
        kept.current.set(endpoint, { etag, address: URL.createObjectURL(picture) });
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
