/** Random frames against a server with the limits that it has unless told otherwise (PROTOCOL.md, 7.2 and 9). */
import { expect } from "chai";
import { Random, SEED } from "../support/random.js";
import { clientFrame, Opcode } from "../support/wire.js";
import { BridgeServer, stopServers } from "./support/bridge-server.js";
import { randomMessage } from "./support/messages.js";
import { SessionModel } from "./support/session-model.js";

const CONNECTIONS = 40;
const MALFORMED = 20;
const BURST = 1_000;

describe(`with the default limits (FUZZ_SEED=${SEED})`, () => {
  let server: BridgeServer;
  beforeEach(async () => (server = await BridgeServer.start()));
  afterEach(stopServers);

  it("random frames are answered up to the 21st malformed one, and the connection is closed with 4400", async () => {
    const random = new Random(SEED);
    for (let count = 0; count < CONNECTIONS; count++) {
      const { texts, codes } = untilMalformed(random, MALFORMED + 1);
      const { ws } = await server.connect();
      ws.write(Buffer.concat(texts.map((payload) => clientFrame({ opcode: Opcode.TEXT, payload }))));
      const { frames, close } = await ws.end();
      expect(close, texts.join("\n")).to.deep.equal({ code: 4400, reason: "malformed_frames" });
      const errors = frames.filter(({ type }) => type === "error");
      expect(errors.length, texts.join("\n")).to.equal(codes.length);
      for (const [index, { code }] of errors.entries()) expect(codes[index]).to.include(code);
    }
  });

  it("more than 1,000 messages at once are answered up to the limit, and the connection is closed with 4504", async () => {
    const { ws } = await server.connect();
    const ping = clientFrame({ opcode: Opcode.TEXT, payload: '{"type":"ping"}' });
    ws.write(Buffer.concat(Array.from({ length: 3 * BURST }, () => ping)));
    const { frames, close } = await ws.end();
    expect(close).to.deep.equal({ code: 4504, reason: "too_many_messages" });
    // The `connect` was one of them; what comes in meanwhile earns a few more.
    expect(frames.length).to.be.within(BURST - 1, 2 * BURST);
  });

  it("a message above maxPayload closes the connection with 1009, before it has come", async () => {
    const ws = await server.open();
    ws.send({ type: "connect" });
    const { maxPayload } = await ws.json();
    const claims = Number(maxPayload) + 1;
    ws.write(clientFrame({ opcode: Opcode.TEXT, payload: "{", claims }));
    expect((await ws.end()).close.code).to.equal(1009);
  });
});

/** Messages up to the one with the `count`-th mistake, and the codes that each mistake may be answered with. */
function untilMalformed(random: Random, count: number): { texts: string[]; codes: (readonly string[])[] } {
  const model = new SessionModel();
  model.settle("/", "connected");
  const texts: string[] = [];
  const codes: (readonly string[])[] = [];
  let id = 0;
  while (codes.length < count) {
    const text = Buffer.from(randomMessage(random, { nextId: () => id++, statefulOneIn: 0 })).toString();
    const outcome = model.expect(text);
    if (outcome.kind !== "plain") continue;
    texts.push(text);
    if (outcome.reply?.type === "error") codes.push(outcome.reply.codes);
  }
  return { texts, codes };
}
