/** A client's address behind proxies: for the limits, for `handshake.address` and for the log. */
import { expect } from "chai";
import type { IncomingMessage } from "node:http";
import { createAddressOf, parseTrustProxy, type TrustProxy } from "../../server/config/trust-proxy.js";
import { until } from "../support/deadline.js";
import { exchange, handshake, RawWebSocket } from "../support/raw-websocket.js";
import { startRooms, type Running } from "./support/server.js";

describe("the proxies that are trusted", () => {
  const address = (trusted: TrustProxy, forwardedFor: string): string =>
    createAddressOf(trusted)({
      headers: { "x-forwarded-for": forwardedFor },
      socket: { remoteAddress: "127.0.0.1" },
    } as unknown as IncomingMessage);

  it("are so many as there are, counted from the server", () => {
    expect(address(0, "1.1.1.1, 2.2.2.2")).to.equal("127.0.0.1");
    expect(address(1, "1.1.1.1, 2.2.2.2")).to.equal("2.2.2.2");
    expect(address(2, "1.1.1.1, 2.2.2.2")).to.equal("1.1.1.1");
  });

  it("are those that are named, up to the first that is not", () => {
    expect(address(["loopback"], "1.1.1.1, 2.2.2.2")).to.equal("2.2.2.2");
    expect(address(["loopback", "2.0.0.0/8"], "1.1.1.1, 2.2.2.2")).to.equal("1.1.1.1");
    expect(address(["192.0.2.1"], "1.1.1.1")).to.equal("127.0.0.1");
  });

  it("are read from a count, or from names with commas between", () => {
    expect(parseTrustProxy("2")).to.equal(2);
    expect(parseTrustProxy("loopback, 10.0.0.0/8")).to.deep.equal(["loopback", "10.0.0.0/8"]);
    for (const wrong of ["", "yes", "10.0.0.0/99", "loopback,", "-1"]) {
      expect(parseTrustProxy(wrong), wrong).to.equal(undefined);
    }
  });
});

describe("a rooms server behind a proxy", () => {
  let running: Running | undefined;
  afterEach(async () => {
    await running?.close();
    running = undefined;
  });

  const lines: { message: string; fields: object }[] = [];
  const log = {
    debug: () => undefined,
    warn: (fields: object, message: string) => void lines.push({ message, fields }),
    error: () => undefined,
  };

  async function start(trustProxy?: TrustProxy): Promise<number> {
    lines.length = 0;
    const bridge = { maxConnectionsPerAddress: 1 };
    running = await startRooms({ bridge, log, ...(trustProxy === undefined ? {} : { trustProxy }) });
    return Number(new URL(running.url).port);
  }

  const from = (address: string): Record<string, string> => ({ "X-Forwarded-For": address });

  it("has an address for each client, over both protocols", async () => {
    const port = await start(["loopback"]);
    const addresses: string[] = [];
    running?.io.on("connection", (socket) => addresses.push(socket.handshake.address));
    const first = await RawWebSocket.connected(port, "/bridge", from("1.1.1.1"));
    const second = await RawWebSocket.connected(port, "/bridge", from("2.2.2.2"));
    const polling = (address: string): ReturnType<typeof exchange> =>
      exchange(
        port,
        `GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: ${address}\r\n\r\n`,
      );
    expect((await polling("1.1.1.1")).status).to.equal(429);
    expect((await polling("3.3.3.3")).status).to.equal(200);
    expect(addresses).to.deep.equal(["1.1.1.1", "2.2.2.2"]);
    expect(lines.map(({ fields }) => fields)).to.deep.equal([
      { code: "too_many_connections_from_address", address: "1.1.1.1" },
    ]);
    expect(lines[0]?.message).not.to.contain("--trust-proxy");
    await Promise.all([first.leave(), second.leave()]);
  });

  it("counts the pages that are inspected by their visitors, an IPv6 network as one", async () => {
    running = await startRooms({ demo: true, trustProxy: ["loopback"] });
    const token = (n: number): string => n.toString(16).padStart(32, "0");
    const end = new AbortController();
    const watch = async (n: number, address: string): Promise<number> => {
      const url = `${running?.url}/inspect?token=${token(n)}`;
      return (await fetch(url, { headers: from(address), signal: end.signal })).status;
    };
    for (let n = 0; n < 16; n++) expect(await watch(n, `2001:db8::${n}`)).to.equal(200);
    expect(await watch(16, "2001:db8::ffff")).to.equal(503);
    expect(await watch(17, "2001:db8:0:1::1")).to.equal(200);
    end.abort();
  });

  it("says in its log what to set, where all clients count as one", async () => {
    const port = await start();
    const first = await RawWebSocket.connected(port, "/bridge", from("1.1.1.1"));
    for (let times = 0; times < 20; times++) await exchange(port, handshake("/bridge", from("2.2.2.2")));
    await until(() => lines.length > 0, "the line");
    expect(lines).to.have.length(1);
    expect(lines[0]?.message).to.contain("--trust-proxy");
    await first.leave();
  });
});
