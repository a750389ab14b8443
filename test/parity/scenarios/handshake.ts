/** `socket.handshake` and the like: what the server knows of a client from the start. */
import { scenario } from "../scenario.js";
import { selfSigned } from "../support/certificate.js";

export const handshakes = [
  scenario(
    "headers, query, auth, address",
    async (stage) => {
      const site = await stage.serve();
      const seen = stage.log();
      site.io.on("connection", ({ handshake }) => {
        const { headers, query, auth, address } = handshake;
        // The others are Engine.IO's own parameters.
        const own = { room: query["room"], ünï: query["ünï"] };
        seen.add("handshake", { agent: headers["x-agent"], host: headers.host, query: own, auth, address });
      });
      const query = { room: "a b", ünï: "ß&=" };
      const client = stage.client(site, { query, headers: { "X-Agent": "me/1.0" } });
      await client.socket("/", { token: "secret" }).connected();
      const [, handshake] = await seen.next();
      const { host, ...rest } = handshake as { host: string };
      return { ...rest, host: host === new URL(site.target.url).host };
    },
    {
      agent: "me/1.0",
      query: { room: "a b", ünï: "ß&=" },
      auth: { token: "secret" },
      address: "127.0.0.1",
      host: true,
    },
  ),

  scenario(
    "time, issued, url, secure and xdomain",
    async (stage) => {
      const site = await stage.serve();
      const { there, client } = await stage.pair(site);
      const { time, issued, url, secure, xdomain } = there.handshake;
      const foreign = stage.client(site, { headers: { Origin: "https://elsewhere.example" } });
      const { there: other } = await stage.join(site, foreign);
      client.close();
      return {
        time: Math.abs(Date.parse(time) - issued) < 1_000,
        issued: Math.abs(Date.now() - issued) < 10_000,
        url: url === there.request.url,
        secure,
        xdomain,
        xdomainOfForeign: other.handshake.xdomain,
        origin: other.handshake.headers.origin,
      };
    },
    {
      time: true,
      issued: true,
      url: true,
      secure: false,
      xdomain: false,
      xdomainOfForeign: true,
      origin: "https://elsewhere.example",
    },
  ),

  scenario(
    "secure over https",
    async (stage) => {
      const site = await stage.serve({ tls: selfSigned });
      const { there, here } = await stage.pair(site);
      there.emit("hello", { n: 1 });
      const [, n] = await here.log.next();
      return { secure: there.handshake.secure, answer: n };
    },
    { secure: true, answer: { n: 1 } },
  ),

  scenario(
    "an empty auth payload is an empty object",
    async (stage) => {
      const site = await stage.serve();
      const { there } = await stage.pair(site);
      return there.handshake.auth;
    },
    {},
  ),

  scenario(
    "each namespace has an auth payload of its own, and the same headers",
    async (stage) => {
      const site = await stage.serve();
      const client = stage.client(site, { headers: { "x-n": "1" } });
      const one = await stage.join(site, client, "/one", { n: 1 });
      const two = await stage.join(site, client, "/two", { n: 2, nested: { list: [1, { x: null }] } });
      return [one, two].map(({ there: { handshake } }) => [handshake.auth, handshake.headers["x-n"]]);
    },
    [
      [{ n: 1 }, "1"],
      [{ n: 2, nested: { list: [1, { x: null }] } }, "1"],
    ],
  ),

  scenario(
    "socket.request is the upgrade request, with its socket",
    async (stage) => {
      const site = await stage.serve();
      const { there } = await stage.pair(site);
      const { request, conn } = there;
      return {
        method: request.method,
        upgrade: request.headers.upgrade,
        same: request === conn.request,
        remote: request.socket.remoteAddress,
        address: conn.remoteAddress,
      };
    },
    { method: "GET", upgrade: "websocket", same: true, remote: "127.0.0.1", address: "127.0.0.1" },
    { notOver: ["sse", "polling"] },
  ),
];
