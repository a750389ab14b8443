/**
 * A WebRTC data channel for each client; offer and answer go over HTTP. What of the server can be reached is told as the one address
 * on the loopback: any other would lead around the relay.
 */
import { createServer } from "node:http";
import wrtc from "@roamhq/wrtc";
import { listen } from "../../shared/listen.js";
import { makeMessage, readMessage } from "../message.js";
import { keepAlive, onReceived, serve } from "../serve.js";
import { gathered, onlyLoopback } from "../loopback-sdp.js";

const channels = new Set<RTCDataChannel>();

async function answer(sdp: string): Promise<string> {
  const peer = new wrtc.RTCPeerConnection();
  peer.ondatachannel = ({ channel }) => {
    channel.onmessage = ({ data }) => onReceived(readMessage(String(data)));
    const open = () => {
      channels.add(channel);
      channel.send(JSON.stringify(makeMessage(0)));
    };
    if (channel.readyState === "open") open();
    else channel.onopen = open;
    channel.onclose = () => channels.delete(channel);
  };
  peer.onconnectionstatechange = () => {
    if (peer.connectionState === "failed") peer.close();
  };
  await peer.setRemoteDescription({ type: "offer", sdp });
  await peer.setLocalDescription(await peer.createAnswer());
  await gathered(peer);
  return onlyLoopback(peer.localDescription?.sdp ?? "");
}

const http = keepAlive(
  createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text: string) => (body += text));
    request.on("end", () => {
      answer(body).then(
        (sdp) =>
          response
            .writeHead(200, { "content-type": "application/sdp", "content-length": sdp.length })
            .end(sdp),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
  }),
);

serve({
  port: await listen(http),
  publish(message) {
    const text = JSON.stringify(message);
    for (const channel of channels) if (channel.readyState === "open") channel.send(text);
  },
});
