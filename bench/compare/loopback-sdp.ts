/** What a WebRTC peer tells of itself (SDP, RFC 8866; candidates as in RFC 8839), cut down to the loopback. */

/** Resolves when all candidates of the peer are in its description. */
export async function gathered(peer: RTCPeerConnection): Promise<void> {
  if (peer.iceGatheringState === "complete") return;
  await new Promise<void>((resolve) => {
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState === "complete") resolve();
    });
  });
}

const CANDIDATE = /^a=candidate:\S+ \d+ (\S+) \d+ (\S+) (\d+) /;

/** Leaves the candidate for UDP on 127.0.0.1 alone. Throws where there is none. */
export function onlyLoopback(sdp: string): string {
  const lines = sdp.split("\r\n").filter((line) => {
    const [, protocol, address] = CANDIDATE.exec(line) ?? [];
    return protocol === undefined || (protocol === "udp" && address === "127.0.0.1");
  });
  if (!lines.some((line) => CANDIDATE.test(line))) throw new Error("there is no candidate on the loopback");
  return lines.join("\r\n");
}

/** Without any candidate: the other side learns where this one is from what comes from it. */
export function withoutCandidates(sdp: string): string {
  return sdp
    .split("\r\n")
    .filter((line) => !CANDIDATE.test(line))
    .join("\r\n");
}

/** The port of the candidate that is left, and the same description with another port in its place. */
export function candidatePort(sdp: string): number {
  return Number(/^a=candidate:\S+ \d+ udp \d+ 127\.0\.0\.1 (\d+) /m.exec(sdp)?.[1]);
}

export function withCandidatePort(sdp: string, port: number): string {
  return sdp.replace(/^(a=candidate:\S+ \d+ udp \d+ 127\.0\.0\.1 )\d+ /m, `$1${port} `);
}
