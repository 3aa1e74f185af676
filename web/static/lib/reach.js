// Tries of the ways to a server, each by a connection that is offered nothing else.

import { CANDIDATE } from "./peers.js";

/** How long a way may take, in ms: a browser gives up a TCP connection that nobody answers later than that. */
const WAY_MS = 12_000;

/** @typedef {"socket" | "udp" | "tcp" | "turn"} Way */
/** @typedef {{sdp: string, iceServers?: RTCIceServer[]}} Offer iceServers: it may go by these relays alone */

/**
 * @param {Offer} offer
 * @param {(sdp: string) => Promise<boolean>} answer brings the answer to the server
 * @returns {Promise<boolean>} whether the connection came about
 */
export async function tryWay(offer, answer) {
  const [reached] = await tryTogether([offer], ([sdp]) => answer(sdp));
  return reached;
}

/**
 * Tries several at the same time.
 * @param {Offer[]} offers
 * @param {(sdps: string[]) => Promise<boolean>} answer brings all answers to the server
 * @returns {Promise<boolean[]>} which of the connections came about
 */
async function tryTogether(offers, answer) {
  /** @type {RTCPeerConnection[]} */ const peers = [];
  try {
    const connected = offers.map(({ iceServers }) => {
      const peer = new RTCPeerConnection(iceServers ? { iceServers, iceTransportPolicy: "relay" } : {});
      peers.push(peer);
      return /** @type {Promise<boolean>} */ (
        new Promise((resolve) => {
          const timer = setTimeout(() => resolve(false), WAY_MS);
          peer.addEventListener("connectionstatechange", () => {
            if (peer.connectionState !== "connected" && peer.connectionState !== "failed") return;
            clearTimeout(timer);
            resolve(peer.connectionState === "connected");
          });
        })
      );
    });
    for (const [i, { sdp }] of offers.entries()) {
      await peers[i].setRemoteDescription({ type: "offer", sdp });
      await peers[i].setLocalDescription();
    }
    if (!(await answer(peers.map((peer) => peer.localDescription?.sdp ?? "")))) return offers.map(() => false);
    return await Promise.all(connected);
  } catch {
    return offers.map(() => false); // a browser without WebRTC, or one whose owner forbids it
  } finally {
    for (const peer of peers) peer.close();
  }
}

/**
 * Whether a WebSocket comes through: it is opened and closed again without a word, and the server's own close is waited for.
 * @param {string} url
 * @param {(url: string) => WebSocket} [make]
 * @returns {Promise<boolean>}
 */
export function trySocket(url, make = (to) => new WebSocket(to)) {
  return new Promise((resolve) => {
    const socket = make(url);
    const timer = setTimeout(() => resolve(false), WAY_MS);
    socket.onopen = () => socket.close(1000);
    socket.onclose = ({ wasClean }) => {
      clearTimeout(timer);
      resolve(wasClean);
    };
  });
}

/**
 * An offer with the candidates of one transport alone.
 * @param {string} sdp
 * @param {"udp" | "tcp"} transport
 */
export const onlyBy = (sdp, transport) =>
  sdp
    .split("\r\n")
    .filter((line) => (CANDIDATE.exec(line)?.[1] ?? transport) === transport)
    .join("\r\n");

/** Whether an offer has a candidate of a transport. @param {string} sdp @param {"udp" | "tcp"} transport */
const hasWay = (sdp, transport) => sdp.split("\r\n").some((line) => CANDIDATE.exec(line)?.[1] === transport);

/**
 * Tries every way that the meeting goes: the WebSocket, then UDP and TCP at the same time, then the relays.
 * @param {object} options
 * @param {(path: string, options?: import("./http.js").Options) => Promise<import("./http.js").Answer>} options.call the HTTP API, below /api/v1/rehearsal
 * @param {string} options.socket address of the WebSocket
 * @returns {Promise<{tried: Way[], blocked: Way[]}>}
 */
export async function tryEveryWay({ call, socket }) {
  /** @type {Map<Way, boolean>} */ const reached = new Map();
  const sure = trySocket(socket);
  const opened = await call("/line", { method: "POST", body: {} });
  const bring =
    (/** @type {string} */ test) =>
    async (/** @type {string[]} */ [publisher, viewer]) =>
      (await call("/line/answer", { method: "POST", body: { test, publisher, viewer } })).ok;
  try {
    if (opened.ok) {
      const { test, publisher, viewer } = opened.data;
      // Either connection of a test shows a way.
      const offers = [{ sdp: onlyBy(publisher, "udp") }, { sdp: onlyBy(viewer, "tcp") }];
      const [udp, tcp] = await tryTogether(offers, bring(test));
      if (hasWay(publisher, "udp")) reached.set("udp", udp);
      if (hasWay(viewer, "tcp")) reached.set("tcp", tcp);
    }
    if (opened.data.ice_servers) {
      const again = await call("/line", { method: "POST", body: {} });
      if (again.ok) {
        const { test, publisher, viewer, ice_servers: iceServers } = again.data;
        const offers = [publisher, viewer].map((sdp) => ({ sdp, iceServers }));
        reached.set("turn", (await tryTogether(offers, bring(test))).includes(true));
      }
    }
  } finally {
    await call("/line", { method: "DELETE" });
  }
  reached.set("socket", await sure);
  const tried = /** @type {Way[]} */ (["socket", "udp", "tcp", "turn"]).filter((way) => reached.has(way));
  return { tried, blocked: tried.filter((way) => !reached.get(way)) };
}
