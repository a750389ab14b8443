/** What can be said: every JSON value, binary data, sizes, and what a newer or a broken server says. */
import { expect } from "chai";
import type { Server, Socket } from "socket.io";
import type { Client } from "../client.js";
import type { ClientName, Theme } from "../scenario.js";

const OWN_PROTOCOL = "these are frames of the bridge's";
const ITS_OWN_FORM = "binary has another form in Socket.IO's protocol";

type Reply = (...args: unknown[]) => void;

function echo(io: Server): void {
  io.on("connection", (socket) => {
    socket.on("echo", (...args: unknown[]) => (args.at(-1) as Reply)(...args.slice(0, -1)));
  });
}

/** Sends values there and back, and from the server on its own. */
async function roundTrip(
  { client, socket }: { client: Client; socket: Socket },
  args: unknown[],
): Promise<void> {
  expect(await client.do("call", { name: "echo", args, timeout: 15_000 })).to.deep.equal(args);
  socket.emit("news", ...native(args));
  expect((await client.next("event", { name: "news" }))["args"]).to.deep.equal(args);
}

/** The same with Buffers for `{"$binary"}` in it. */
function native(args: unknown[]): unknown[] {
  return JSON.parse(JSON.stringify(args), (_key, value: unknown) => {
    const text = (value as { $binary?: unknown } | null)?.$binary;
    return typeof text === "string" ? Buffer.from(text, "base64") : value;
  }) as unknown[];
}

function bytes(...values: number[]): { $binary: string } {
  return { $binary: Buffer.from(values).toString("base64") };
}

const notSocketIo = (why: string): Partial<Record<ClientName, string>> => ({ "socket.io-client": why });

export const values: Theme = {
  title: "Values",
  scenarios: [
    {
      title: "every JSON value arrives as it was sent",
      async play(stage) {
        const guest = await (await stage.app(echo)).enter();
        await roundTrip(guest, [null, true, false, "", [], {}, [[], [null]], { "": { a: [1, "1", null] } }]);
        await roundTrip(guest, []);
      },
    },
    {
      title: "integers up to 2^53 and all floating numbers are exact",
      async play(stage) {
        const guest = await (await stage.app(echo)).enter();
        const max = Number.MAX_SAFE_INTEGER;
        await roundTrip(guest, [0, 1, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, max, -max, max - 1]);
        await roundTrip(guest, [0.1, -0.5, 1 / 3, 1e21, 1.5e300, 5e-324, 2.5e-10, 123456.789]);
        await roundTrip(guest, ["9223372036854775807", "18446744073709551615"]);
      },
    },
    {
      title: "text is any Unicode, in values, keys and event names",
      async play(stage) {
        const guest = await (await stage.app(echo)).enter();
        const text = '\u0000\u0001\u001f"\\/\b\f\n\r\t \u007f\u2028\u2029 é 中文 🙂 👩‍👩‍👧 \u{10ffff} \ufeff';
        await roundTrip(guest, [text, { [text]: text }]);
        guest.socket.emit(text, 1);
        await guest.client.next("event", { name: text, args: [1] });
      },
    },
    {
      title: "binary data goes both ways, at any depth, empty too",
      async play(stage) {
        const guest = await (await stage.app(echo)).enter();
        const all = bytes(...Array.from({ length: 256 }, (_, n) => n));
        await roundTrip(guest, [all]);
        await roundTrip(guest, [
          bytes(),
          { a: [bytes(0), { b: bytes(255, 254) }] },
          "between",
          bytes(1, 2, 3),
        ]);
      },
    },
    {
      title: "what only looks like binary data is left as it is",
      not: notSocketIo(ITS_OWN_FORM),
      async play(stage) {
        const guest = await (await stage.app(echo)).enter();
        const likes = [
          { $binary: "no base64!" },
          { $binary: "aGk" },
          { $binary: 1 },
          { $binary: "aGk=", more: 1 },
        ];
        expect(await guest.client.do("call", { name: "echo", args: likes, timeout: 5_000 })).to.deep.equal(
          likes,
        );
        guest.socket.emit("news", ...likes);
        expect((await guest.client.next("event"))["args"]).to.deep.equal(likes);
      },
    },
    {
      title: "large messages arrive whole",
      async play(stage) {
        const guest = await (await stage.app(echo)).enter();
        await roundTrip(guest, ["é".repeat(400_000)]);
        await roundTrip(guest, [{ $binary: Buffer.alloc(600_000, 7).toString("base64") }]);
      },
    },
    {
      title: "frames that are malformed, unknown or of a newer version cost nothing else",
      not: notSocketIo(OWN_PROTOCOL),
      async play(stage) {
        const app = await stage.app(echo);
        const wire = await stage.wire(app.directUrl);
        const guest = await app.enter({ url: wire.url });
        for (const text of STRANGE) wire.inject(text);
        wire.inject('{"type":"event","event":"news","args":["known"],"since":"version 9","flags":{"x":[1]}}');
        expect((await guest.client.next("event"))["args"]).to.deep.equal(["known"]);
        await roundTrip(guest, ["still there"]);
        expect(guest.client.take("disconnected")).to.deep.equal([]);
      },
    },
    {
      title: "after packets that are malformed it is connected, and works",
      async play(stage) {
        const app = await stage.app(echo);
        const wire = await stage.wire(app.directUrl);
        const { client } = await app.enter({ url: wire.url });
        wire.inject('42["half');
        // Socket.IO's own client drops the connection for it, and comes back; plain clients go on.
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(await client.do("call", { name: "echo", args: [1], timeout: 10_000 })).to.deep.equal([1]);
      },
    },
  ],
};

/** None of them is a frame of this version, or what it stands for is in order. */
const STRANGE = [
  "",
  "not JSON",
  "{",
  "[]",
  "null",
  "17",
  '"event"',
  "{}",
  '{"type":7}',
  '{"type":"hologram","payload":{"a":1}}',
  '{"type":"event"}',
  '{"type":"event","event":7,"args":[]}',
  '{"type":"event","event":"news","args":{"0":1}}',
  '{"type":"event","event":"connect","args":[]}',
  '{"type":"event","event":"disconnect","args":["io server disconnect"]}',
  '{"type":"event","event":"news","args":[],"id":-1}',
  '{"type":"event","event":"news","args":[],"id":"1"}',
  '{"type":"event","ns":"/nowhere","event":"news","args":[]}',
  '{"type":"ack","id":12345,"args":["to nobody"]}',
  '{"type":"ack","id":"x","args":[]}',
  '{"type":"ack","args":[]}',
  '{"type":"connected","sid":"again","pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}',
  '{"type":"connected","sid":7}',
  '{"type":"connect_error","ns":"/nowhere","message":"no"}',
  '{"type":"disconnect","ns":"/nowhere"}',
  '{"type":"error","code":"of_the_future","message":"who knows"}',
  '{"type":"error"}',
  '{"type":"pong","data":{"unasked":true}}',
];
