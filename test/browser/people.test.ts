import { expect } from "chai";
import { decodeJwt } from "jose";
import { describeDemo } from "./suite.js";
import { SIDES, VIEWPORTS } from "./support.js";

for (const [where, viewport] of Object.entries(VIEWPORTS)) {
  describeDemo(`the demo page's people, ${where}`, {}, { viewport }, (stage) => {
    const { open } = stage;

    it("are guests with a name of their own, until they sign in", async () => {
      const page = await open();
      const names = await Promise.all(SIDES.map((side) => page.texts(side, ".who-name")));
      expect(names[0]).not.to.deep.equal(names[1]);
      await page.signIn("socketio", "Ada <b>L.</b>");
      await page.see("bridge", ".member-name", "Ada <b>L.</b>");
      await page.click("socketio", /Ada/);
      await page.see("socketio", ".identity", "demo-ada");
      await page.click("socketio", "Sign out");
      await page.see("socketio", ".who-kind", "guest");
      await page.sideOnline("socketio");
      expect(await page.texts("socketio", ".who-name")).to.deep.equal(names[0]);
    });

    it("are two devices of one person, listed once, when both sides sign in as the same", async () => {
      const page = await open();
      for (const side of SIDES) await page.signIn(side, "Ada");
      for (const side of SIDES) {
        await page.see(side, ".member.self .badge", "Socket.IO");
        await page.see(side, ".member.self .badge", "plain WebSocket");
        await page.seeCount(side, ".member", 1);
      }
      await page.say("bridge", "from my phone");
      await page.see("socketio", ".message.own .badge", "plain WebSocket");
    });

    it("stay signed in over a reload, and guests stay who they are", async () => {
      const page = await open();
      await page.signIn("socketio", "Ada");
      const id = async (): Promise<string[]> => page.texts("bridge", ".identity");
      await page.see("bridge", ".who");
      const before = await id();
      expect(before[0]).to.match(/guest-[0-9a-f]{16}/);
      await page.reload();
      await page.see("socketio", ".who-kind", "signed in");
      await page.see("socketio", ".who-name", "Ada");
      await page.sideOnline("bridge");
      expect(await id()).to.deep.equal(before);
    });

    it("are shown as they come and go, each on their transports", async () => {
      const one = await open();
      const two = await open();
      await one.seeCount("socketio", ".member", 4);
      expect(await one.texts("socketio", ".member .badge")).to.have.members([
        ...["Socket.IO", "plain WebSocket"],
        ...["Socket.IO", "plain WebSocket"],
      ]);
      const [name] = await two.texts("bridge", ".who-name");
      await two.signIn("bridge", "Ben");
      await one.see("socketio", ".note", `${name ?? ""} went`);
      await one.see("socketio", ".note", "Ben came");
    });

    it("are seen typing, until they send, stop, or do nothing for a while", async () => {
      const [ada, ben] = [await open(), await open()];
      await ada.signIn("socketio", "Ada");
      const endings = {
        "they send": () => ada.page.press("#socketio-text", "Enter"),
        "they stop": () => ada.page.fill("#socketio-text", ""),
        "their time is over": () => Promise.resolve(),
      };
      for (const [how, end] of Object.entries(endings)) {
        await ada.type("socketio", how);
        await ben.see("bridge", ".typing", "Ada is typing …");
        await end();
        await ben.gone("bridge", ".typing", "Ada");
      }
      await ben.see("bridge", ".message", "they send");
    });

    it("write to one another alone, and see that it was delivered", async () => {
      const page = await open();
      await page.signIn("socketio", "Ada");
      await page.signIn("bridge", "Ben");
      await page.click("socketio", /^Ben/);
      await page.see("socketio", ".place-name", "Ben");
      await page.say("socketio", "just us");
      await page.see("socketio", ".message.own .status", "delivered");
      await page.see("bridge", ".inbox-unread", "1");
      await page.click("bridge", /^Ada 1 unread/);
      await page.see("bridge", ".message:not(.own) .body", "just us");
      await page.gone("bridge", ".inbox-unread");
      await page.say("bridge", "indeed");
      await page.see("socketio", ".message:not(.own) .body", "indeed");
      expect(await page.texts("socketio", ".messages .body")).to.deep.equal(["just us", "indeed"]);
    });

    it("can be written to by id while they are nowhere, and find it when they come", async () => {
      const page = await open();
      await page.writeTo("socketio", "demo-cleo", "for later");
      await page.see("socketio", ".message .status", "in their inbox");
      await page.signIn("bridge", "Cleo");
      await page.see("bridge", ".people .count", "1");
      await page.see("socketio", ".message .status", "delivered");
      await page.reload();
      await page.see("bridge", ".people .count", "1");
      await page.see("socketio", ".message .status", "delivered");
      expect(await page.texts("socketio", ".messages .body")).to.deep.equal(["for later"]);
    });

    it("are told in words what cannot be sent, and keep it in the field", async () => {
      const page = await open();
      await page.signIn("socketio", "Ada");
      await page.writeTo("socketio", "demo-ada", "to myself");
      await page.see("socketio", ".alert", "This is you");
      expect(await page.page.inputValue("#socketio-text")).to.equal("to myself");
    });

    it("are told in words when a name will not do", async () => {
      const page = await open();
      await page.show("socketio");
      await page.pane("socketio").locator(".who").click();
      await page.page.evaluate(() => document.querySelector("#socketio-name")?.removeAttribute("maxlength"));
      await page.page.fill("#socketio-name", "x".repeat(65));
      await page.page.press("#socketio-name", "Enter");
      await page.see("socketio", ".alert", /You could not sign in: .*64/);
      await page.click("socketio", "Dismiss");
      await page.gone("socketio", ".alert");
      await page.see("socketio", ".state[data-state=online]");
      // The browser itself reports the status 400.
      expect(page.complaints.splice(0)).to.have.length(1);
    });

    it("are told when the server ends their session for good, and can start again", async () => {
      const page = await open();
      const signedIn = page.page.waitForResponse("**/demo/sign-in");
      await page.signIn("bridge", "Ada");
      const { token } = (await (await signedIn).json()) as { token: string };
      await stage.server.revoke({ type: "token", id: String(decodeJwt(token).jti) });
      await page.see("bridge", ".state[data-state=ended]");
      await page.see("bridge", ".alert", "revoked");
      await page.click("bridge", "Start again");
      await page.sideOnline("bridge");
      await page.gone("bridge", ".alert");
      await page.see("bridge", ".who-name", "Ada");
    });
  });
}
