/** A WebRTC data channel. It has no way back once its connection has failed: the application makes a new one. */
import wrtc from "@roamhq/wrtc";
import { readMessage } from "../message.js";
import { candidatePort, gathered, withCandidatePort, withoutCandidates } from "../loopback-sdp.js";
import { backoff, type ClientSettings, type Open } from "./client.js";
import { Browser } from "./http.js";

export const open: Open = ({ port, settings, onMessage }) => {
  const browser = new Browser(port);
  let isClosed = false;
  const isOpen = () => !isClosed;
  let peer: RTCPeerConnection | undefined;
  let channel: RTCDataChannel | undefined;

  /** Resolves when the connection has failed. */
  async function run(): Promise<void> {
    const mine = new wrtc.RTCPeerConnection();
    peer = mine;
    const opened = mine.createDataChannel("messages");
    channel = opened;
    opened.onmessage = ({ data }) => onMessage(readMessage(String(data)));
    const failed = new Promise<void>((resolve) => {
      opened.onclose = () => resolve();
      mine.onconnectionstatechange = () => {
        if (mine.connectionState === "failed" || mine.connectionState === "closed") resolve();
      };
    });
    await mine.setLocalDescription(await mine.createOffer());
    await gathered(mine);
    const body = withoutCandidates(mine.localDescription?.sdp ?? "");
    const answer = await browser.text("post", "/offer", { body });
    const sdp = await throughRelay(answer, settings);
    await mine.setRemoteDescription({ type: "answer", sdp });
    await failed;
    mine.close();
  }

  async function keep(): Promise<void> {
    for (let attempt = 0; isOpen(); attempt++) {
      await run().catch(() => peer?.close());
      if (isOpen()) await new Promise((resolve) => setTimeout(resolve, backoff(attempt)));
    }
  }

  void keep();
  return {
    send: (message) => channel?.send(JSON.stringify(message)),
    close() {
      isClosed = true;
      peer?.close();
      browser.close();
    },
  };
};

/** The server's answer with the relay's port in the place of its own. */
async function throughRelay(sdp: string, { relay }: ClientSettings): Promise<string> {
  if (relay === undefined) return sdp;
  const query = new URLSearchParams({ name: relay.name, upstream: String(candidatePort(sdp)) });
  const answer = await fetch(`http://127.0.0.1:${relay.control}/udp?${query.toString()}`);
  return withCandidatePort(sdp, Number(await answer.text()));
}
