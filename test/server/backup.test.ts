import { createServer } from "node:http";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  createRoomsServer,
  loadOwnKey,
  openLmdbStore,
  storeOptions,
  StoreError,
  type RoomsServer,
} from "../../server/index.js";
import { ServerProcess } from "./support/child.js";
import { until } from "../support/deadline.js";

describe("the backup of a rooms server", () => {
  let folder: string;
  let data: string;
  let backup: string;
  const ends: (() => Promise<unknown>)[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-backup-"));
    data = join(folder, "data");
    backup = join(folder, "backup");
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    rmSync(folder, { recursive: true });
  });

  async function serve(options: Parameters<typeof createRoomsServer>[1] = {}): Promise<RoomsServer> {
    const httpServer = createServer();
    const server = createRoomsServer(httpServer, options);
    await new Promise<void>((resolve) => httpServer.listen(0, "127.0.0.1", resolve));
    ends.push(() => server.close({ http: true }));
    return server;
  }

  it("is made while it runs, with the key that lies in its folder", async () => {
    const ownKey = await loadOwnKey(data);
    const store = await openLmdbStore(data, storeOptions());
    ends.push(() => store.close());
    const server = await serve({ store, tokens: { ownKey } });
    await store.log.append("room:r", { value: 1, at: 0 });
    await server.backup(backup);
    await store.log.append("room:r", { value: 2, at: 0 });
    expect((await loadOwnKey(backup)).id).to.equal(ownKey.id);
    const copy = await openLmdbStore(backup, storeOptions());
    ends.push(() => copy.close());
    const state = await copy.log.state("room:r");
    expect(state.last).to.equal(1);
    expect(state.epoch).not.to.equal((await store.log.state("room:r")).epoch);
  });

  it("is refused where it keeps nothing", async () => {
    const server = await serve();
    const error = await server.backup(backup).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(StoreError);
    expect(error).to.have.property("message").that.includes("nothing to back up");
    expect(existsSync(backup)).to.equal(false);
  });

  for (const [where, prepare] of [
    ["a folder that is not there", () => undefined],
    ["an empty folder", (path: string) => mkdirSync(path)],
  ] as const) {
    it(`is no store for anybody when its restoring into ${where} is killed, at whatever moment`, async () => {
      const store = await openLmdbStore(data, storeOptions());
      for (let n = 0; n < 20; n++) {
        const value = "x".repeat(1_000_000);
        await store.log.append("room:r", { value, at: 0 });
      }
      const { epoch } = await store.log.state("room:r");
      await store.backup(backup);
      await store.close();
      for (const files of [0, 1, 2]) {
        const restored = join(folder, `restored ${files}`);
        prepare(restored);
        const program = new ServerProcess(["restore", backup, "--data", restored]);
        ends.push(() => program.stop("SIGKILL"));
        let hasEnded = false;
        void program.exited.then(() => (hasEnded = true));
        const isFar = (): boolean => draftsOf(restored).some((draft) => filesIn(draft) >= files);
        await until(() => hasEnded || isFar(), "the copy is being made", 20_000);
        await program.stop("SIGKILL");
        if (!existsSync(join(restored, "data.mdb"))) {
          for (const draft of draftsOf(restored)) {
            if (where === "an empty folder") {
              const refused = await new ServerProcess(["restore", backup, "--data", restored]).exited;
              expect(refused.code).to.equal(2);
              expect(refused.stderr).to.include(`${draft} is of a copy that was not finished: remove it`);
            }
            rmSync(draft, { recursive: true, maxRetries: 5 });
          }
          const { code } = await new ServerProcess(["restore", backup, "--data", restored]).exited;
          expect(code).to.equal(0);
        }
        // All of it, and not taken for what it is the copy of.
        const whole = await openLmdbStore(restored, storeOptions());
        const state = await whole.log.state("room:r");
        await whole.close();
        expect(state).to.include({ last: 20 });
        expect(state.epoch).not.to.equal(epoch);
      }
    }).timeout(120_000);
  }

  /** Folders in which a copy is made, or was. */
  function draftsOf(restored: string): string[] {
    const inside = existsSync(restored) ? readdirSync(restored).map((name) => join(restored, name)) : [];
    const beside = readdirSync(folder).map((name) => join(folder, name));
    const isDraft = (path: string): boolean => path.startsWith(restored) && path.includes(".partial-");
    return [...inside, ...beside].filter(isDraft);
  }

  function filesIn(draft: string): number {
    return existsSync(draft) ? readdirSync(draft).length : 0;
  }
});
