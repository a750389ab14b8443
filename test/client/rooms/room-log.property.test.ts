import { expect } from "chai";
import fc from "fast-check";
import type { Position } from "../../../clients/typescript/src/rooms/index.js";
import { SEED } from "../../support/random.js";
import { LogDevice, type Told } from "./support/log-device.js";
import { LogServer } from "./support/log-server.js";

type Step =
  | "publish"
  | "publish, and the broadcast is lost"
  | "arrive"
  | "arrive twice"
  | "answer"
  | "fail"
  | "cut"
  | "connect"
  | "trim"
  | "lose the log";

const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom<Step>("publish", "arrive", "answer", "connect") },
    {
      weight: 4,
      arbitrary: fc.constantFrom<Step>("publish, and the broadcast is lost", "arrive twice", "cut"),
    },
    { weight: 1, arbitrary: fc.constantFrom<Step>("fail", "trim", "lose the log") },
  ),
  { minLength: 5, maxLength: 120 },
);

function take(step: Step, server: LogServer, device: LogDevice): void {
  switch (step) {
    case "publish":
      return device.broadcast(server.publish(), false);
    case "publish, and the broadcast is lost":
      return device.broadcast(server.publish(), true);
    case "arrive":
      return device.arrive(false);
    case "arrive twice":
      return device.arrive(true);
    case "answer":
      return device.answer();
    case "fail":
      return device.fail();
    case "cut":
      return device.cut();
    case "connect":
      return device.connect();
    case "trim":
      return server.trim(2);
    case "lose the log":
      device.cut(); // a log is lost with its server
      return server.lose();
  }
}

/** Lets everything come to rest: connected, nothing on its way, and one more message that tells of all before it. */
function settle(server: LogServer, device: LogDevice): void {
  const rest = (): void => {
    for (let round = 0; round < 1_000 && !device.isIdle; round++) {
      device.answer();
      device.arrive(false);
    }
    expect(device.isIdle, "comes to rest").to.equal(true);
  };
  device.connect();
  rest();
  device.broadcast(server.publish(), false);
  device.arrive(false);
  rest();
}

const isAfter = (a: Position, b: Position): boolean => a.epoch !== b.epoch || a.offset > b.offset;

/** Where the device was told a message out of its place: nothing may be missing, but what was declared lost. */
function firstBreach(told: readonly Told[]): string | undefined {
  let at: Position | undefined;
  for (const { type, position, ...rest } of told) {
    const what = `${type} ${position.epoch}:${position.offset}`;
    if (type === "message") {
      if (at?.epoch !== position.epoch || position.offset !== at.offset + 1)
        return `${what} after ${JSON.stringify(at)}`;
      at = position;
    } else if ("recovered" in rest && rest.recovered && at !== undefined) {
      if (isAfter(position, at)) return `${what} declared complete at ${JSON.stringify(at)}`;
    } else {
      if (at !== undefined && !isAfter(position, at) && position.offset !== at.offset)
        return `${what} goes back`;
      at = position;
    }
  }
  return undefined;
}

const options = { seed: SEED, numRuns: 2_000 };

describe("rooms layer: the log of a room, against a server that does anything", () => {
  it("delivers each message once and in order, with no gap that is not declared", () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (run, held, pageSize) => {
          const server = new LogServer();
          const device = new LogDevice(server, { held, repaired: 1_000 }, pageSize);
          for (const step of run) take(step, server, device);
          settle(server, device);
          expect(firstBreach(device.told)).to.equal(undefined);
        },
      ),
      options,
    );
  });

  it("ends where the log ends, however it got there", () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (run, held, pageSize) => {
          const server = new LogServer();
          const device = new LogDevice(server, { held, repaired: 1_000 }, pageSize);
          for (const step of run) take(step, server, device);
          settle(server, device);
          expect(device.log.position).to.deep.equal(server.position);
          expect(device.told.at(-1)).to.deep.equal({ type: "message", position: server.position });
        },
      ),
      options,
    );
  });

  it("declares nothing lost that is still kept", () => {
    const kind = steps.map((run) => run.filter((step) => step !== "trim" && step !== "lose the log"));
    fc.assert(
      fc.property(
        kind,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (run, held, pageSize) => {
          const server = new LogServer();
          const device = new LogDevice(server, { held, repaired: 1_000 }, pageSize);
          for (const step of run) take(step, server, device);
          settle(server, device);
          expect(device.told.filter((told) => told.type === "joined" && !told.recovered)).to.deep.equal([]);
        },
      ),
      options,
    );
  });
});
