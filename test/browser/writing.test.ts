import { expect } from "chai";
import { contentOf, dataOf, isPicture } from "../../clients/demo/content.js";
import { linkParts } from "../../clients/demo/links.js";
import { describeDemo } from "./suite.js";
import { SIDES, type DemoPage, type Side } from "./support.js";

/** A PNG of one pixel. */
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

describe("the links of a message", () => {
  const links = (text: string): string[] => linkParts(text).flatMap(({ href }) => href ?? []);

  for (const [text, found] of [
    ["see https://example.com.", ["https://example.com"]],
    ["(https://example.com/a)", ["https://example.com/a"]],
    ["https://en.wikipedia.org/wiki/Room_(place), and", ["https://en.wikipedia.org/wiki/Room_(place)"]],
    ["http://a.example/?q=1&r=2#s http://b.example", ["http://a.example/?q=1&r=2#s", "http://b.example"]],
    ["HTTPS://EXAMPLE.COM/Ä!", ["HTTPS://EXAMPLE.COM/Ä"]],
    ['"https://example.com/" said', ["https://example.com/"]],
    ["javascript:alert(1) ftp://x data:text/html,x //example.com xhttps://example.com", []],
    ["https:// http://? https://[", []],
  ] as const) {
    it(`are found in ${text}`, () => {
      expect(links(text)).to.deep.equal(found);
      expect(
        linkParts(text)
          .map((part) => part.text)
          .join(""),
      ).to.equal(text);
    });
  }
});

describe("the content of a message", () => {
  const picture = `data:image/png;base64,${PIXEL}`;

  it("is binary where it is a picture, and the same when it comes back", () => {
    const data = dataOf({ text: "", picture }) as { image: Uint8Array; type: string };
    expect(data.image).to.be.instanceOf(Uint8Array);
    expect(contentOf(data)).to.deep.equal({ text: "", isText: true, picture });
    expect(contentOf({ ...data, image: data.image.buffer })).to.deep.include({ picture });
  });

  it("is JSON where it is anything else, with binary values by their size", () => {
    expect(contentOf({ a: new Uint8Array(3) }).text).to.include('"(3 bytes)"');
    expect(contentOf(null)).to.deep.equal({ text: "null", isText: false });
  });

  it("is no picture where a script could be in it, or where it was tampered with", () => {
    const image = new Uint8Array(3);
    for (const type of ["image/svg+xml", "text/html", "", 1, "constructor"]) {
      expect(contentOf({ image, type })).to.not.have.property("picture");
    }
    for (const value of ["data:image/svg+xml;base64,AA", "https://x/y.png", "javascript:1", 1, undefined]) {
      expect(isPicture(value)).to.equal(false);
    }
  });
});

describeDemo("what is written on the demo page", {}, {}, ({ open }) => {
  async function paste(page: DemoPage, side: Side): Promise<void> {
    await page.page.evaluate(
      ([id, base64]) => {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File([bytes], "pixel.png", { type: "image/png" }));
        const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
        document.getElementById(id)?.dispatchEvent(event);
      },
      [`${side}-text`, PIXEL] as const,
    );
  }

  it("has clickable addresses, which open elsewhere and learn nothing of the room", async () => {
    const page = await open();
    await page.say("bridge", "<b>see</b> https://example.com/x.");
    await page.see("socketio", ".message a", "https://example.com/x");
    const link = page.pane("socketio").locator(".message a");
    expect(await link.getAttribute("href")).to.equal("https://example.com/x");
    expect(await link.getAttribute("rel")).to.equal("noopener noreferrer");
    expect(await page.texts("socketio", ".message .body")).to.deep.equal([
      "<b>see</b> https://example.com/x.",
    ]);
  });

  it("may have several lines: Shift+Enter begins one, Enter sends", async () => {
    const page = await open();
    const box = page.page.locator("#bridge-text");
    const height = (await box.boundingBox())?.height ?? 0;
    await page.type("bridge", "one");
    await page.page.keyboard.press("Shift+Enter");
    await page.type("bridge", "two");
    expect((await box.boundingBox())?.height).to.be.greaterThan(height);
    await page.page.keyboard.press("Enter");
    await page.see("socketio", ".message .body", "two");
    expect(await page.texts("socketio", ".message .body")).to.deep.equal(["one\ntwo"]);
    expect((await box.boundingBox())?.height).to.equal(height);
  });

  for (const side of SIDES) {
    it(`may be a picture that is pasted, sent as binary, from ${side}`, async () => {
      const page = await open();
      const other = side === "bridge" ? "socketio" : "bridge";
      await paste(page, side);
      const image = page.pane(other).locator(".message img.picture");
      await image.waitFor();
      expect(
        await image.evaluate((element: HTMLImageElement) => [element.naturalWidth, element.alt]),
      ).to.deep.equal([
        1,
        await page
          .pane(other)
          .locator(".message .from")
          .first()
          .textContent()
          .then((name) => `A picture from ${name ?? ""}`),
      ]);
      expect(await image.getAttribute("src")).to.equal(`data:image/png;base64,${PIXEL}`);
      await page.reload();
      await image.waitFor();
    });
  }

  it("may be a picture that is too large for a message: it is made smaller", async () => {
    const page = await open();
    const noise = await page.page.evaluate(() => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 500;
      const context = canvas.getContext("2d");
      const pixels = new ImageData(500, 500);
      for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = i % 4 === 3 ? 255 : Math.random() * 256;
      context?.putImageData(pixels, 0, 0);
      return canvas.toDataURL("image/png");
    });
    const buffer = Buffer.from(noise.slice(noise.indexOf(",") + 1), "base64");
    expect(buffer.length).to.be.greaterThan(64 * 1024);
    await page
      .pane("bridge")
      .locator(".chooser")
      .setInputFiles({ name: "n.png", mimeType: "image/png", buffer });
    const image = page.pane("socketio").locator(".message img.picture");
    await image.waitFor();
    expect((await image.getAttribute("src"))?.length).to.be.at.most(81_000);
  });

  it("is said to be no picture where it is none", async () => {
    const page = await open();
    const file = { name: "x.png", mimeType: "image/png", buffer: Buffer.alloc(70_000) };
    await page.pane("bridge").locator(".chooser").setInputFiles(file);
    await page.see("bridge", ".alert", "no picture");
  });

  it("may be a picture for one person, in the inbox, and is there after a reload", async () => {
    const page = await open();
    await page.signIn("socketio", "Ada");
    await page.signIn("bridge", "Ben");
    await page.writeTo("bridge", "demo-ada", "look");
    await paste(page, "bridge");
    await page.pane("bridge").locator(".message.own img.picture").waitFor();
    await page.pane("socketio").locator(".people .place-button").click();
    await page.pane("socketio").locator(".message img.picture").waitFor();
    await page.reload();
    await page.pane("socketio").locator(".message img.picture").waitFor();
  });

  it("is grouped: the name, the badge and the time once for what one person says in a row", async () => {
    const page = await open();
    for (const text of ["one", "two", "three"]) await page.say("bridge", text);
    await page.see("socketio", ".message", "three");
    expect(await page.count("socketio", ".message .badge")).to.equal(1);
    await page.say("socketio", "four");
    await page.see("bridge", ".message", "four");
    expect(await page.count("bridge", ".message .badge")).to.equal(2);
    expect(await page.count("bridge", ".message.continues")).to.equal(2);
  });
});
