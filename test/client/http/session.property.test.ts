/** A session against a server that does as PROTOCOL.md says, over a network that loses requests, loses answers and cuts them. */
import { expect } from "chai";
import fc from "fast-check";
import type { HttpRequest } from "../../../clients/typescript/src/http/effects.js";
import { SEED } from "../../support/random.js";
import { Drive, frame } from "./support/drive.js";

/** The server's side: what it received, and what it has sent. */
class Server {
  readonly lines: string[] = [];
  readonly frames: string[] = [];

  post({ headers, body = "" }: HttpRequest): unknown {
    const seq = Number(headers["crossroom-seq"] ?? this.lines.length);
    expect(seq, "no gap").to.be.at.most(this.lines.length);
    const lines = body.split("\n").filter((line) => line !== "");
    this.lines.push(...lines.slice(this.lines.length - seq));
    return { received: this.lines.length };
  }

  /** What a GET is answered with; `early`: how many frames too many it begins with. */
  get({ headers }: HttpRequest, early: number): string {
    const ack = Number(headers["crossroom-ack"]);
    expect(ack, "of what was sent").to.be.at.most(this.frames.length);
    const next = Math.max(0, ack - early);
    return `event: open\ndata: {"next":${next}}\n\n${this.frames.slice(next).map(frame).join("")}`;
  }
}

const step = fc.oneof(
  fc.record({ do: fc.constant("send" as const) }),
  fc.record({ do: fc.constant("say" as const) }),
  fc.record({
    do: fc.constant("post" as const),
    fate: fc.constantFrom("done", "lost", "answer lost", "503"),
  }),
  fc.record({
    do: fc.constant("get" as const),
    cut: fc.option(fc.nat(200)),
    early: fc.nat(3),
    lost: fc.boolean(),
  }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.nat(1500) }),
);

describe("client over HTTP: a session on a network that does anything", () => {
  for (const mode of ["sse", "polling"] as const) {
    it(`loses nothing and doubles nothing, both ways, by ${mode}`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          // A session that lasts: how it is given up is another test's.
          const it = Drive.open({ mode }, { resumeTimeout: 1e9, pingInterval: 1e8, pingTimeout: 1e8 });
          const server = new Server();
          const sent: string[] = [];
          const received: string[] = [];
          const has = (method: string): boolean => it.requests.some((request) => request.method === method);
          const get = (early: number, cut: number | null): void => {
            const text = server.get(it.request("GET"), early);
            it.stream(cut === null ? text : text.slice(0, cut));
            if (has("GET")) it.end();
          };
          for (const one of steps) {
            if (one.do === "send") {
              sent.push(`line ${sent.length}`);
              it.send(sent.at(-1) ?? "");
            } else if (one.do === "say") server.frames.push(`frame ${server.frames.length}`);
            else if (one.do === "wait") it.advance(one.ms);
            else if (one.do === "post" && has("POST")) {
              if (one.fate === "503") it.answer("POST", 503);
              else {
                const answer = one.fate === "lost" ? undefined : server.post(it.request("POST"));
                if (one.fate === "done") it.answer("POST", 200, answer);
                else it.fail("POST");
              }
            } else if (one.do === "get" && has("GET")) {
              if (one.lost) it.fail("GET");
              else get(one.early, one.cut);
            }
            received.push(...it.frames());
          }
          // The network is well again.
          for (let n = 0; n < 3; n++) {
            it.advance(10_000);
            if (has("GET")) get(0, null);
            if (has("POST")) it.answer("POST", 200, server.post(it.request("POST")));
            received.push(...it.frames());
          }
          expect(received).to.deep.equal(server.frames);
          expect(server.lines.filter((line) => line.startsWith("line"))).to.deep.equal(sent);
          expect(it.session.isOver).to.equal(false);
        }),
        { seed: SEED },
      );
    });
  }
});
