import { WebSocket } from "ws";
import { PROTOCOLS, type TestClient } from "./support/clients.js";
import { startRooms, type Running } from "./support/server.js";

const NESTED = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;

/** What no client of ours sends. Sent on a connection that has joined a room in which others are. */
const NASTY: Record<"socketio" | "bridge", Record<string, string>> = {
  socketio: {
    "an unknown packet type": "9",
    "no JSON": '42["publish"',
    "an event that is no array": '42{"a":1}',
    "an event with no name": "42[]",
    "a reserved event": '42["disconnect"]',
    "an event that Node takes for an error": '42["error","boom"]',
    "deep nesting": `42["publish",{"room":"r","data":${NESTED}}]`,
    "deep nesting in an event that does not exist": `421["dance",${NESTED}]`,
    "attachments that never come": '459-["publish",{"room":"r","data":{"_placeholder":true,"num":0}}]',
    "a prototype": '421["join",{"__proto__":{"room":"r"},"constructor":1}]',
    "a huge ack id": '42999999999999999999["join",{"room":"r"}]',
    "an ack that nobody asked for": '437[{"ok":true}]',
    "another namespace": "40/nowhere,",
  },
  bridge: {
    "no JSON": '{"type":',
    "an array": "[]",
    null: "null",
    "deep nesting": `{"type":"event","event":"publish","args":[{"room":"r","data":${NESTED}}]}`,
    "an event that Node takes for an error": '{"type":"event","event":"error","args":["boom"]}',
    "args that are none": '{"type":"event","event":"join","args":{"0":1},"id":1}',
    "a prototype": '{"type":"event","event":"join","args":[{"__proto__":{"room":"r"}}],"id":1}',
    "an inherited name": '{"type":"event","event":"constructor","args":[1],"id":1}',
    "a half surrogate": '{"type":"event","event":"join","args":[{"room":"\\ud800"}],"id":1}',
    "a false placeholder":
      '{"type":"event","event":"publish","args":[{"room":"r","data":[{"$binary":"AAAA"},{"_placeholder":true,"num":7}]}]}',
  },
};

const ENTER = {
  socketio: ["40", '42["join",{"room":"r"}]'],
  bridge: ['{"type":"connect"}', '{"type":"event","event":"join","args":[{"room":"r"}]}'],
} as const;

const PATHS = { socketio: "/socket.io/?EIO=4&transport=websocket", bridge: "/bridge" };

/** Waits until a client gets this message, whatever comes before it. */
async function hears(client: TestClient, data: string): Promise<void> {
  for (;;) {
    const frame = await client.frames.next(`the message ${data}`);
    if (frame.type === "event" && frame.event === "message") {
      if ((frame.args[0] as { data: unknown }).data === data) return;
    }
  }
}

describe("whatever a client sends", () => {
  let server: Running;
  let witnesses: TestClient[];
  before(async () => {
    server = await startRooms();
    witnesses = Object.values(PROTOCOLS).map(({ open }) => open(server.url));
    for (const witness of witnesses) {
      await witness.enter();
      witness.send({ type: "event", event: "join", args: [{ room: "r" }] });
    }
  });
  after(async () => {
    for (const witness of witnesses) witness.close();
    await server.close();
  });

  for (const protocol of ["socketio", "bridge"] as const) {
    for (const [what, text] of Object.entries(NASTY[protocol])) {
      it(`those in its room go on as before: ${what}, over ${protocol}`, async () => {
        const ws = new WebSocket(server.url.replace("http", "ws") + PATHS[protocol]);
        const closed = new Promise((resolve) => ws.once("close", resolve));
        await new Promise((resolve) => ws.once("open", resolve));
        const [connect, join] = ENTER[protocol];
        const connected = new Promise<void>((resolve) =>
          ws.on("message", (data: Buffer) => {
            if (/^40|"connected"/.test(data.toString())) resolve();
          }),
        );
        ws.send(connect);
        await connected;
        for (const message of [join, text, text]) ws.send(message);
        ws.close();
        await closed;
        for (const [i, sender] of witnesses.entries()) {
          const data = `${what} ${i}`;
          sender.send({ type: "event", event: "publish", args: [{ room: "r", data }] });
          for (const witness of witnesses) await hears(witness, data);
        }
      });
    }
  }
});
