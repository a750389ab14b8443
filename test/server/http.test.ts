import { expect } from "chai";
import { get, request } from "node:http";
import { PROTOCOLS } from "./support/clients.js";
import { startRooms, type Running } from "./support/server.js";

/** The status of a request whose path is sent exactly as it is: fetch would tidy it up. */
function statusOf(url: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    get({ hostname, port, path }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode));
    }).once("error", reject);
  });
}

describe("what the server answers to HTTP", () => {
  let server: Running;
  before(async () => {
    server = await startRooms({ demo: true });
  });
  after(() => server.close());

  it("has the demo page at /, with headers that let it load nothing from elsewhere", async () => {
    const response = await fetch(server.url);
    expect(response.status).to.equal(200);
    expect(response.headers.get("content-type")).to.equal("text/html; charset=utf-8");
    expect(response.headers.get("content-security-policy")).to.include(
      "default-src 'none'; script-src 'self'",
    );
    expect(response.headers.get("x-content-type-options")).to.equal("nosniff");
    expect(await response.text()).to.include("<title>Crossroom</title>");
  });

  it("has everything that the page links to, with the right types", async () => {
    const html = await (await fetch(server.url)).text();
    // Relative, so that the page works below a path.
    const links = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, path = ""]) => `/${path}`);
    expect(links).to.include("/demo/main.js");
    const types: Record<string, string> = {
      ...{ js: "text/javascript", css: "text/css", svg: "image/svg+xml" },
      ...{ html: "text/html", json: "application/json" },
    };
    // And that page what it links to.
    const comparison = await (await fetch(`${server.url}/demo/compare.html`)).text();
    for (const [, path = ""] of comparison.matchAll(/href="([^":#]+)"/g)) links.push(`/demo/${path}`);
    expect(links).to.include.members(["/demo/compare.css", "/demo/compare.json"]);
    for (const path of links) {
      const response = await fetch(server.url + path);
      expect(response.status, path).to.equal(200);
      await response.arrayBuffer();
      const type = types[path.split(".").at(-1) ?? ""];
      expect(response.headers.get("content-type"), path).to.satisfy(
        (is: string) => is.split(";")[0] === type,
      );
    }
  });

  it("answers 304 to a browser that has the file already", async () => {
    const first = await fetch(server.url);
    await first.arrayBuffer();
    const etag = first.headers.get("etag") ?? "";
    const second = await fetch(server.url, { headers: { "if-none-match": etag } });
    expect(second.status).to.equal(304);
  });

  it("answers HEAD with the headers alone", async () => {
    const response = await fetch(server.url, { method: "HEAD" });
    expect(response.status).to.equal(200);
    expect(Number(response.headers.get("content-length"))).to.be.greaterThan(100);
    expect(await response.text()).to.equal("");
  });

  for (const path of [
    "/../package.json",
    "/demo/../../main.js",
    "/demo/%2e%2e/main.js",
    "/demo/..%2fmain.js",
    "/demo//main.js",
    "/demo/main.ts",
    "/demo/main.d.ts",
    "//etc/passwd",
    "/%",
    "/__proto__",
  ]) {
    it(`has nothing at ${path}`, async () => {
      expect(await statusOf(server.url, path)).to.equal(404);
    });
  }

  it("is healthy", async () => {
    const response = await fetch(`${server.url}/healthz`);
    expect(await response.json()).to.deep.equal({ status: "ok" });
    expect(response.headers.get("cache-control")).to.equal("no-store");
  });

  it("says at /bridge what is wanted there", async () => {
    const response = await fetch(`${server.url}/bridge?x=1`);
    expect(response.status).to.equal(400);
    expect(await response.json()).to.have.nested.property("error.code", "no_session");
  });

  it("says at /bridge that a WebSocket is wanted, where nothing else is served", async () => {
    const other = await startRooms({ bridge: { http: false } });
    const response = await fetch(`${other.url}/bridge`);
    expect(response.status).to.equal(426);
    expect(response.headers.get("upgrade")).to.equal("websocket");
    expect(await response.json()).to.have.nested.property("error.code", "upgrade_required");
    await other.close();
  });

  it("answers other methods with 405", async () => {
    const response = await fetch(server.url, { method: "POST", body: "x" });
    expect(response.status).to.equal(405);
    expect(response.headers.get("allow")).to.equal("GET, HEAD");
    await response.arrayBuffer();
  });

  it("has no page and no inspector without the demo", async () => {
    const bare = await startRooms();
    for (const path of ["/", "/demo/main.js", `/inspect?token=${"0".repeat(32)}`]) {
      expect(await statusOf(bare.url, path), path).to.equal(404);
    }
    await bare.close();
  });
});

describe("allowed origins", () => {
  let server: Running;
  before(async () => {
    server = await startRooms({ allowedOrigins: ["https://app.example"] });
  });
  after(() => server.close());

  const upgrade = (path: string, origin?: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        ...(origin === undefined ? {} : { origin }),
      };
      const attempt = request(`${server.url}${path}`, { headers });
      attempt.once("upgrade", (response, socket) => {
        socket.destroy();
        resolve(response.statusCode);
      });
      attempt.once("response", (response) =>
        response.resume().once("end", () => resolve(response.statusCode)),
      );
      attempt.once("error", reject).end();
    });

  for (const path of ["/bridge", "/socket.io/?EIO=4&transport=websocket"]) {
    it(`holds for ${path}: the listed ones and no header at all may, others may not`, async () => {
      expect(await upgrade(path, "https://app.example")).to.equal(101);
      expect(await upgrade(path)).to.equal(101);
      const refused = await upgrade(path, "https://evil.example");
      expect(refused).to.be.within(400, 403);
    });
  }

  it("are any, by default, for polling too", async () => {
    const open = await startRooms();
    const response = await fetch(`${open.url}/socket.io/?EIO=4&transport=polling`, {
      headers: { origin: "https://any.example" },
    });
    expect(response.status).to.equal(200);
    expect(response.headers.get("access-control-allow-origin")).to.equal("*");
    await response.arrayBuffer();
    await open.close();
  });
});

describe("closing a rooms server", () => {
  it("ends the clients of both protocols and the inspectors, and then resolves", async () => {
    const server = await startRooms({ demo: true });
    const clients = [PROTOCOLS.websocket.open(server.url), PROTOCOLS.bridge.open(server.url)];
    for (const client of clients) await client.enter();
    const inspector = await fetch(`${server.url}/inspect?token=${"0".repeat(32)}`);
    await server.close();
    expect(await inspector.text()).to.equal("retry: 500\n\n");
  });
});
