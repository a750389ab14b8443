import { expect } from "chai";
import type { InspectRecord } from "../../../server/demo/wire-tap/records.js";
import { WireTaps, type Recorder } from "../../../server/demo/wire-tap/wire-taps.js";

const token = (n = 0): string => n.toString(16).padStart(32, "0");

describe("the inspector's sessions", () => {
  const visitor = "127.0.0.1";
  let sessions: WireTaps;
  let seen: string[];
  const watcher = (record: string): void => void seen.push(record);
  const record = (text = ""): InspectRecord & { text: string } => ({
    type: "end",
    connection: 1,
    at: 0,
    text,
  });
  const connect = (by: string): Recorder => {
    const recorder = sessions.connect(by, visitor);
    if (recorder === undefined) throw new Error("not recorded");
    return recorder;
  };
  beforeEach(() => {
    sessions = new WireTaps();
    seen = [];
  });

  it("take tokens of at least 128 bits", () => {
    for (const good of [token(), "f".repeat(64)]) expect(WireTaps.isToken(good)).to.equal(true);
    for (const bad of ["", "f".repeat(31), "f".repeat(65), "F".repeat(32), `${token()}\n`]) {
      expect(WireTaps.isToken(bad)).to.equal(false);
      expect(sessions.connect(bad, visitor)).to.equal(undefined);
      expect(sessions.watch(bad, visitor, watcher)).to.equal(undefined);
    }
  });

  it("give a page its own connections' records, and no others", () => {
    sessions.watch(token(1), visitor, watcher);
    connect(token(1)).record(record("mine"));
    connect(token(2)).record(record("not mine"));
    expect(seen.map((text) => JSON.parse(text) as unknown)).to.deep.equal([record("mine")]);
  });

  it("keep what passes until the page is there, and give it once", () => {
    const recorder = connect(token());
    recorder.record(record("1"));
    const stop = sessions.watch(token(), visitor, watcher);
    recorder.record(record("2"));
    stop?.();
    recorder.record(record("3"));
    sessions.watch(token(), visitor, watcher);
    expect(seen.map((text) => (JSON.parse(text) as { text: string }).text)).to.deep.equal(["1", "2", "3"]);
  });

  it("keep no more than 256 KiB for a page that never comes: the oldest give way", () => {
    const recorder = connect(token());
    for (let i = 0; i < 100; i++) recorder.record(record(`${i}:${"x".repeat(10_000)}`));
    sessions.watch(token(), visitor, watcher);
    expect(seen.join("").length).to.be.within(200_000, 256 * 1024);
    expect(seen.at(-1)).to.include("99:x");
  });

  it("count connections from 1", () => {
    expect([connect(token()).connection, connect(token()).connection]).to.deep.equal([1, 2]);
  });

  it("end with the last of their watchers and connections", () => {
    const stop = sessions.watch(token(), visitor, watcher);
    const recorder = connect(token());
    stop?.();
    expect(sessions.size).to.equal(1);
    recorder.end();
    expect(sessions.size).to.equal(0);
  });

  it("are limited: in watchers, in connections, and in number: in all, and of one visitor", () => {
    for (let i = 0; i < 4; i++) expect(sessions.watch(token(), visitor, () => undefined)).to.be.a("function");
    expect(sessions.watch(token(), visitor, watcher)).to.equal(undefined);
    for (let i = 0; i < 8; i++) connect(token());
    expect(sessions.connect(token(), visitor)).to.equal(undefined);
    for (let i = 1; i < 16; i++) connect(token(i));
    expect(sessions.connect(token(16), visitor)).to.equal(undefined);
    expect(sessions.watch(token(16), visitor, watcher)).to.equal(undefined);
    for (let i = 16; i < 128; i++) expect(sessions.connect(token(i), `10.0.0.${i}`)).to.be.an("object");
    expect(sessions.connect(token(128), "10.0.0.128")).to.equal(undefined);
    expect(sessions.size).to.equal(128);
  });
});
