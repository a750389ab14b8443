/** What Prometheus itself makes of the metrics, and the dashboard of what Prometheus has. */
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { openLmdbStore, secretSource, storeOptions } from "../../../server/index.js";
import { DataFolder } from "../../store/support/folder.js";
import { describeWith } from "../../support/machine.js";
import { Prometheus } from "../../support/prometheus.js";
import { token } from "../auth/support/tokens.js";
import { PROTOCOLS } from "../support/clients.js";
import { startRooms, type Running } from "../support/server.js";

const SECRET = "0123456789abcdef0123456789abcdef";

interface Dashboard {
  templating: { list: { name: string }[] };
  panels: { id: number; title: string; targets: { expr: string }[] }[];
}

/** A server with a data folder, so that it has all metrics there are. */
async function startWithStore(folder: DataFolder): Promise<Running> {
  const store = await openLmdbStore(folder.path, storeOptions());
  folder.finally(() => store.close());
  const server = await startRooms({ store, tokens: { keys: [secretSource(SECRET, "")] } });
  folder.finally(() => server.close());
  return server;
}

/** One call of each of two clients, at least. */
async function visit(server: Running): Promise<() => Promise<void>> {
  const clients = Object.values(PROTOCOLS).map(({ open }) => open(server.url));
  for (const client of clients) {
    await client.enter();
    await client.ask("join", { room: "lobby" });
  }
  return async () => {
    for (const client of clients) await client.ask("publish", { room: "lobby", data: 1 });
  };
}

const adminToken = (): Promise<string> =>
  token(SECRET, {
    sub: "prometheus",
    crossroom_admin: true,
    iat: Math.floor(Date.now() / 1_000),
    exp: Math.floor(Date.now() / 1_000) + 3_600,
  });

describeWith(["promtool"], "promtool", ([promtool]) => {
  const folder = new DataFolder();

  it("has nothing to say against the metrics, at first and when something has happened", async () => {
    const server = await startWithStore(folder);
    const check = async (): Promise<void> => {
      const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], {
        input: await server.metrics(),
        encoding: "utf8",
      });
      expect({ status, said: stdout + stderr }).to.deep.equal({ status: 0, said: "" });
    };
    await check();
    const publish = await visit(server);
    await publish();
    await check();
  });
});

describeWith(["prometheus"], "docs/grafana.json", function ([program]) {
  this.timeout(120_000);
  const folder = new DataFolder();
  const dashboard = JSON.parse(readFileSync("docs/grafana.json", "utf8")) as Dashboard;

  it("has no two panels with one id, and asks for nothing twice", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(new Set(queries).size).to.equal(queries.length);
  });

  it("has queries that all return data from a Prometheus that scrapes the server", async () => {
    const server = await startWithStore(folder);
    const prometheus = await Prometheus.start(program, {
      target: new URL(server.url).host,
      token: await adminToken(),
    });
    folder.finally(() => prometheus.stop());
    const publish = await visit(server);
    for (const { title, targets } of dashboard.panels) {
      for (const { expr } of targets) {
        const query = expr.replaceAll("$__rate_interval", "10s").replaceAll("$instance", ".*");
        expect(query, title).not.to.include("$");
        // Of calls that nobody makes there is no quantile.
        const values = await prometheus.until(query, publish, (value) => !Number.isNaN(value));
        expect(values, title).not.to.be.empty;
      }
    }
  });
});
