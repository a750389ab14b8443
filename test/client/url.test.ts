import { expect } from "chai";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseUrl, socketUrl } from "../../clients/typescript/src/url.js";

type Parsed = Record<"protocol" | "host" | "port" | "path" | "query" | "id", string>;
interface Theirs {
  url: (uri: string, path: string) => Parsed;
}

const page = { protocol: "https:", host: "page.example:8443" };

describe("client: URLs", () => {
  const cases = [
    "http://localhost",
    "http://localhost:3000",
    "http://localhost:3000/",
    "https://example.com/admin",
    "https://example.com/admin/deep?token=a%20b&x=1",
    "ws://example.com:80/news",
    "wss://example.com/chat",
    "http://[::1]:3000/v6",
    "http://user:secret@example.com/ns",
    "http://example.com?x=1",
    "https://example.com/naïve",
  ];
  for (const uri of cases) {
    it(`reads ${uri} as socket.io-client does`, async () => {
      const path = join(process.cwd(), "node_modules/socket.io-client/build/esm/url.js");
      const { url } = (await import(pathToFileURL(path).href)) as Theirs;
      const theirs = url(uri, "/bridge");
      const ours = parseUrl(uri, "/bridge");
      for (const part of ["protocol", "host", "port", "path", "query", "id"] as const) {
        expect(ours[part], part).to.equal(theirs[part]);
      }
    });
  }

  it("takes the page's server where the URL names none", () => {
    expect(parseUrl(undefined, "/bridge", page)).to.include({
      id: "https://page.example:8443/bridge",
      path: "/",
    });
    expect(parseUrl("/admin", "/bridge", page)).to.include({ host: "page.example", path: "/admin" });
    expect(parseUrl("//other.example/x", "/bridge", page)).to.include({ host: "other.example", path: "/x" });
    expect(parseUrl("other.example", "/bridge", page)).to.include({
      protocol: "https",
      host: "other.example",
    });
  });

  it("refuses outside of a page what only a page can complete, and what is no URL of a server", () => {
    expect(() => parseUrl(undefined, "/bridge")).to.throw(TypeError, "in full");
    expect(() => parseUrl("/admin", "/bridge")).to.throw(TypeError, "in full");
    expect(() => parseUrl("http://", "/bridge")).to.throw(TypeError, "not a URL");
  });

  it("makes the WebSocket's address of server, endpoint and query, and leaves the namespace out", () => {
    const address = (uri: string, query?: Record<string, string | number>): string =>
      socketUrl(parseUrl(uri, "/bridge"), "/bridge", query);
    expect(address("http://localhost:3000/admin")).to.equal("ws://localhost:3000/bridge");
    expect(address("https://example.com")).to.equal("wss://example.com/bridge");
    expect(address("http://[::1]:80")).to.equal("ws://[::1]/bridge");
    expect(address("http://h", { "a b": "c&d", n: 1 })).to.equal("ws://h/bridge?a%20b=c%26d&n=1");
    expect(address("http://h/ns?x=1", { y: "2" })).to.equal("ws://h/bridge?x=1");
  });
});
