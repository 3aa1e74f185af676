// One try of one way to a server: a connection that is offered nothing else.

/** How long a way may take, in ms: a browser gives up a TCP connection that nobody answers later than that. */
const WAY_MS = 12_000;

/**
 * @param {{sdp: string, iceServers?: RTCIceServer[]}} offer
 * @param {(sdp: string) => Promise<boolean>} answer brings the answer to the server
 * @returns {Promise<boolean>} whether the connection came about
 */
export async function tryWay(offer, answer) {
  /** @type {RTCPeerConnection | undefined} */
  let pc;
  try {
    const peer = new RTCPeerConnection(
      offer.iceServers ? { iceServers: offer.iceServers, iceTransportPolicy: "relay" } : {},
    );
    pc = peer;
    const connected = new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), WAY_MS);
      peer.addEventListener("connectionstatechange", () => {
        if (peer.connectionState !== "connected" && peer.connectionState !== "failed") return;
        clearTimeout(timer);
        resolve(peer.connectionState === "connected");
      });
    });
    await peer.setRemoteDescription({ type: "offer", sdp: offer.sdp });
    await peer.setLocalDescription();
    if (!(await answer(peer.localDescription?.sdp ?? ""))) return false;
    return await connected;
  } catch {
    return false; // a browser without WebRTC, or one whose owner forbids it
  } finally {
    pc?.close();
  }
}
