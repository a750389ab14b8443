import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "chai";
import { entered, greeting, handshake } from "../bench/fanout/entry.js";
import { messageMaker, plainText } from "../bench/fanout/message.js";
import { type Results, tables } from "../bench/fanout/report.js";

describe("the benchmark", () => {
  it("measures two servers and prints one JSON object, and nothing else, on standard output", () => {
    const program = join(import.meta.dirname, "..", "bench", "fanout.js");
    const options = "--json --servers ws-preframed,crossroom-bridge --rounds 1 --bursts 1,5";
    const size = "--receivers 10 --broadcasts 20 --connections 20";
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [program, ...options.split(" "), ...size.split(" ")],
      { encoding: "utf8" },
    );
    expect(status, stderr).to.equal(0);
    const results = JSON.parse(stdout) as Results;
    expect(Object.keys(results)).to.deep.equal(["fanout", "idle", "accept"]);
    expect(results.fanout.map(({ server, burst }) => `${server} ${burst}`)).to.deep.equal([
      "ws-preframed 1",
      "ws-preframed 5",
      "crossroom-bridge 1",
      "crossroom-bridge 5",
    ]);
    for (const { cpuMicros } of results.fanout) expect(cpuMicros).to.be.above(0);
    expect(results.idle.map(({ server }) => server)).to.deep.equal(["crossroom-bridge"]);
    expect(results.accept[0]?.perCpuSecond).to.be.above(0);
  });

  it("gives all servers' frames the same size", () => {
    const size = (payload: string) => Buffer.byteLength(payload) + 4;
    expect(size(plainText(messageMaker("plain", 145)(7)))).to.equal(145);
    expect(size(`42${JSON.stringify(["message", messageMaker("socket.io", 145)(12345678)])}`)).to.equal(145);
  });

  it("sets each server beside the yardsticks that were measured", () => {
    const cell = (server: string, cpuMicros: number) => ({ server, burst: 20, cpuMicros });
    const text = tables({
      fanout: [cell("ws-preframed", 5), cell("socketio", 8), cell("crossroom-socketio", 2)],
      idle: [],
      accept: [],
    });
    expect(text).to.match(/crossroom-socketio +2\.00 +0\.40\n/);
    expect(text).to.include("crossroom-socketio / socketio: 0.25 (B=20)");
    expect(text).not.to.include("uws");
  });
});

describe("the benchmark's receivers", () => {
  const accepted = Buffer.from("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
  const frame = (text: string) => Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);

  it("are in after the handshake where there is no protocol above WebSocket", () => {
    expect(entered("raw", accepted.subarray(0, -1))).to.be.false;
    expect(entered("raw", accepted)).to.be.true;
    expect(greeting("raw")).to.be.undefined;
  });

  it("are in a Socket.IO server after its CONNECT packet, not after Engine.IO's", () => {
    expect(handshake("socket.io")).to.match(/^GET \/socket\.io\/\?EIO=4&transport=websocket HTTP/);
    const opened = Buffer.concat([accepted, frame('0{"sid":"a"}')]);
    expect(entered("socket.io", opened)).to.be.false;
    const connected = Buffer.concat([opened, frame('40{"sid":"b"}')]);
    expect(entered("socket.io", connected.subarray(0, -1))).to.be.false;
    expect(entered("socket.io", connected)).to.be.true;
  });

  it("are in the bridge after `connected`", () => {
    expect(greeting("bridge")?.subarray(6).toString()).to.equal('{"type":"connect"}');
    expect(entered("bridge", accepted)).to.be.false;
    expect(entered("bridge", Buffer.concat([accepted, frame('{"type":"connected","sid":"a"}')]))).to.be.true;
  });

  it("say so when they are refused", () => {
    expect(() => entered("raw", Buffer.from("HTTP/1.1 503 Service Unavailable\r\n\r\n"))).to.throw("503");
  });
});
