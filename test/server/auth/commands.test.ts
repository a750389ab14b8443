/** `crossroom token` and `crossroom revoke`, as their own processes. */
import { expect } from "chai";
import { decodeJwt, exportSPKI, jwtVerify } from "jose";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { secretSource } from "../../../server/auth/keys.js";
import { loadOwnKey } from "../../../server/auth/own-key.js";
import { ServerProcess, type Exit } from "../support/child.js";
import { PROTOCOLS } from "../support/clients.js";
import { startRooms, type Running } from "../support/server.js";
import { runHere } from "./support/command-line.js";
import { pair, SECRET, token } from "./support/tokens.js";

/** Runs a command to its end, as its own process. */
const run = (args: readonly string[], env: Record<string, string> = {}): Promise<Exit> =>
  new ServerProcess(args, env).exited;

describe("crossroom token", () => {
  let folder: string;
  let data: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-token-"));
    data = join(folder, "data");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("prints a token that is signed with the data folder's key, which it makes, and nothing else", async () => {
    const { code, stdout, stderr } = await run(["token", "--data", data, "--user", "ada"]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    expect(stdout).to.match(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { secret, id } = await loadOwnKey(data);
    const { payload, protectedHeader } = await jwtVerify(stdout.trim(), secret);
    expect(protectedHeader).to.include({ alg: "HS256", kid: id });
    expect(payload).to.include({ sub: "ada", iss: "crossroom" });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).to.equal(3_600);
    expect(payload.jti).to.match(/^[\w-]{16}$/);
  });

  it("has the claims that it is told, and runs out when it is told", async () => {
    const claims = [
      "--claim",
      "level=3",
      "--claim",
      "role=admin",
      "--claim",
      'roles=["a","b"]',
      "--name",
      "Ada L.",
    ];
    const rooms = ["--room", "team-*=join,publish", "--room", "a=b=history"];
    const made = await run(["token", "-d", data, "-u", "ada", "-e", "7d", ...claims, ...rooms]);
    const payload = decodeJwt(made.stdout.trim());
    expect(payload).to.deep.include({ name: "Ada L.", level: 3, role: "admin", roles: ["a", "b"] });
    expect(payload["rooms"]).to.deep.equal({ "team-*": ["join", "publish"], "a=b": ["history"] });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).to.equal(7 * 24 * 3_600);
    const endless = await run(["token", "-d", data, "-u", "ada", "--expires", "never"]);
    expect(decodeJwt(endless.stdout.trim())).not.to.have.property("exp");
  });

  it("is signed with the secret that is configured, for the issuer and audience that are", async () => {
    writeFileSync(join(folder, "secret.txt"), `${SECRET}\n`);
    writeFileSync(
      join(folder, "c.json"),
      JSON.stringify({ auth: { secretFile: "secret.txt", audience: "rooms" } }),
    );
    const byFile = await run(["token", "-u", "ada", "--config", join(folder, "c.json"), "--issuer", "me"]);
    const byVariable = await run(["token", "-u", "ada"], {
      JWT_SECRET: SECRET,
      JWT_AUDIENCE: "rooms",
      JWT_ISSUER: "me",
    });
    for (const { stdout } of [byFile, byVariable]) {
      const { payload } = await jwtVerify(stdout.trim(), Buffer.from(SECRET), {
        issuer: "me",
        audience: "rooms",
      });
      expect(payload.sub).to.equal("ada");
    }
    expect(existsSync(data)).to.be.false;
  });

  it("is not made with a public key, which cannot sign", async () => {
    const path = join(folder, "key.pem");
    writeFileSync(path, await exportSPKI((await pair("ES256")).publicKey));
    const { code, stdout, stderr } = await run(["token", "-u", "ada", "--jwt-public-key", path]);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
    expect(stderr).to.match(
      /^error: there is only a public key \(.*key.pem\).*have it signed by whoever has the private key/,
    );
  });

  const wrong: [args: string[], env: Record<string, string>, message: RegExp][] = [
    [[], {}, /required option '-u, --user <id>' not specified/],
    [["-u", " "], {}, /^error: --user must not be empty\n$/],
    [["-u", "ada", "-n", ""], {}, /^error: --name must not be empty\n$/],
    [["-u", "ada", "-e", "soon"], {}, /^error: --expires: "soon" is not a duration; give some like/],
    [["-u", "ada", "--claim", "role"], {}, /--claim .*Give it as NAME=VALUE/],
    [["-u", "ada", "--claim", "sub=bob"], {}, /The claim sub is set by --user/],
    [["-u", "ada", "--room", "lobby"], {}, /Give it as PATTERN=RIGHTS, like "team-\*=join,publish"/],
    [["-u", "ada", "--room", "lobby=fly"], {}, /there are join, publish, presence, history/],
    [["-u", "ada", "--room", "{x}=join"], {}, /there is no \{x\} in patterns/],
    [["-u", "ada", "--memory"], {}, /another key at each start; give it, and this, --data or a secret/],
    [["-u", "demo-ada"], {}, /the server refuses demo-ada: such ids are for guests and the demo/],
    [["-u", "guest-0123456789abcdef"], {}, /the server refuses guest-0123456789abcdef/],
    [["-u", "ada"], { JWT_SECRET: "hunter2" }, /^error: JWT_SECRET: the secret has 7 bytes/],
    [
      ["-u", "ada", "--jwt-secret-file", "/none"],
      {},
      /--jwt-secret-file \(JWT_SECRET_FILE\): \/none cannot be read/,
    ],
  ];
  for (const [args, env, message] of wrong) {
    it(`is refused: ${[...args, ...Object.keys(env)].join(" ") || "nothing"}`, async () => {
      const place = args.includes("--memory") ? {} : { DATA: data };
      const { code, stdout, stderr } = await runHere(["token", ...args], { ...place, ...env });
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
      expect(stderr).to.match(message).and.not.include("hunter2");
    });
  }
});

describe("crossroom revoke", () => {
  let server: Running;
  let admin: string;
  const inAnHour = () => Math.floor(Date.now() / 1_000) + 3_600;

  before(async () => {
    server = await startRooms({ tokens: { keys: [secretSource(SECRET, "")] } });
    admin = await token(SECRET, { sub: "ops", crossroom_admin: true, exp: inAnHour() });
  });
  after(() => server.close());

  it("ends the sessions of a token, or of a user", async () => {
    for (const [id, args, said] of [
      ["t1", ["--token-id", "t1"], "Revoked: the token t1\n"],
      ["t2", ["--user", "ada"], "Revoked: the tokens of ada\n"],
    ] as const) {
      const client = PROTOCOLS.bridge.open(server.url);
      await client.enter(undefined, { token: await token(SECRET, { jti: id, exp: inAnHour() }) });
      const ran = await run(["revoke", "--url", server.url, ...args], { CROSSROOM_TOKEN: admin });
      expect(ran).to.include({ code: 0, stdout: said, stderr: "" });
      expect(await client.event("session_end")).to.have.nested.property("error.code", "token_revoked");
      client.close();
    }
  });

  it("exits with 1 and the server's words where it is refused", async () => {
    const user = await token(SECRET, { sub: "eve", exp: inAnHour() });
    const { code, stdout, stderr } = await run([
      "revoke",
      "--url",
      server.url,
      "--token",
      user,
      "--user",
      "ada",
    ]);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
    expect(stderr).to.match(
      /^error: the server refused: The token is good, but its claim "crossroom_admin" is not true/,
    );
  });

  it("exits with 1 where there is no server", async () => {
    const { code, stderr } = await run(["revoke", "--token", "x", "--user", "ada"], {
      CROSSROOM_URL: "http://127.0.0.1:1",
    });
    expect(code).to.equal(1);
    expect(stderr).to.match(
      /^error: no answer from http:\/\/127.0.0.1:1 \(.*\); is the server running there\?\n$/,
    );
  });

  for (const [args, message] of [
    [[], /say what to revoke: --token-id ID, or --user ID/],
    [["--user", "ada"], /there is no token; give an operator's with --token or CROSSROOM_TOKEN/],
    [["--user", "ada", "--token-id", "x"], /option .* cannot be used with option/],
    [["--user", "ada", "--token", "x", "--url", "nowhere"], /--url: "nowhere" is no server's address/],
  ] as const) {
    it(`is refused with 2: ${args.join(" ") || "nothing"}`, async () => {
      const { code, stdout, stderr } = await runHere(["revoke", ...args]);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
      expect(stderr).to.match(message);
    });
  }
});
