import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("support/inherited-properties.js", import.meta.url));

describe("where something that can be seen was put on Object.prototype", function () {
  this.timeout(60_000);

  /** Of no meaning, and of names that options, frames, calls and credentials have, where they are optional too. */
  const NAMES = {
    ...{ stray: true, label: "inherited", maxPayload: 0, name: 7, age: "1s", guests: false, inboxItems: 1 },
    ...{ ns: "/other", type: "ping", args: [7], event: "other", pid: "p", offset: "o", data: { x: 1 } },
    ...{
      room: "other",
      device: 7,
      limit: 0,
      since: { epoch: "x", offset: 1 },
      after: 1,
      history: 1,
      receipt: "x",
      ...{
        as: { user: "mallory" },
        reserve: 1,
        key: "k",
        live: true,
        prefix: "x",
        through: 1,
        reconnect: true,
      },
    },
  };

  function run(names: object, ...titles: string[]): unknown {
    const before = `Object.assign(Object.prototype, ${JSON.stringify(names)}); Object.prototype.call = () => undefined;`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(before)}`, PROGRAM, ...titles],
      { encoding: "utf8" },
    );
    return stderr === "" ? JSON.parse(stdout) : stderr;
  }

  it("before all else, options, configuration, frames, calls and clients know their own properties alone", () => {
    expect(run(NAMES)).to.deep.equal([]);
  });

  // Socket.IO writes it into the packets that have none, and its own clients cannot read those.
  it("an id for all packets keeps no plain client away", () => {
    expect(run({ id: "same" }, "the TypeScript client")).to.deep.equal([]);
  });
});
