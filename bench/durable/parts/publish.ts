/** Publishes acked per second, by a server with each of the stores in turns. */
import { join } from "node:path";
import { Samples } from "../../shared/statistics.js";
import type { Protocol } from "../../shared/wires.js";
import { LoadProcess, RoomsServerProcess } from "../processes.js";
import type { Results } from "../results.js";
import { STORES, type Settings, type StoreName } from "../settings.js";

/** The part of a measurement before it counts: while it was the other server's turn, the processor's caches were that one's. */
const WARM_UP_SHARE = 0.25;

interface Party {
  store: StoreName;
  server: RoomsServerProcess;
}

interface Row {
  protocol: Protocol;
  publishers: number;
}

export async function measurePublish(
  settings: Settings,
  say: (line: string) => void,
): Promise<Results["publish"]> {
  const { publishers, rounds } = settings;
  const most = Math.max(...publishers);
  const rows: Row[] = [
    ...publishers.map((count) => ({ protocol: "bridge" as const, publishers: count })),
    { protocol: "socket.io", publishers: most },
  ];
  const perSecond = new Samples();
  const cpuMicros = new Samples();
  const load = await LoadProcess.start();
  const parties: Party[] = [];
  try {
    for (const store of STORES) {
      const server = await RoomsServerProcess.start(store, join(settings.folder, "publish"));
      parties.push({ store, server });
      for (const protocol of ["bridge", "socket.io"] as const) {
        await load.connectPublishers(groupOf(store, protocol), protocol, server.port, most);
      }
    }
    // The round 0 has the servers' code compiled, and is not counted.
    for (let round = 0; round <= rounds; round++) {
      say(round === 0 ? "publish: warming up" : `publish: round ${round} of ${rounds}`);
      for (const row of rows) {
        for (const party of parties) {
          const sample = await measure(party, row, load, settings.milliseconds);
          if (round === 0) continue;
          perSecond.add(cellOf(party.store, row), sample.perSecond);
          cpuMicros.add(cellOf(party.store, row), sample.cpuMicros);
        }
      }
    }
  } finally {
    await Promise.all([load.end(), ...parties.map(({ server }) => server.end())]);
  }
  return rows.flatMap((row) =>
    STORES.map((store) => {
      const cell = cellOf(store, row);
      return { ...row, store, perSecond: perSecond.of(cell), cpuMicros: cpuMicros.of(cell) };
    }),
  );
}

async function measure({ store, server }: Party, row: Row, load: LoadProcess, milliseconds: number) {
  const before = await server.cpu();
  const result = await load.publish(
    groupOf(store, row.protocol),
    row.publishers,
    milliseconds * WARM_UP_SHARE,
    milliseconds,
  );
  const after = await server.cpu();
  return {
    perSecond: (result.counted / result.milliseconds) * 1000,
    cpuMicros: (after - before) / result.all,
  };
}

function groupOf(store: StoreName, protocol: Protocol): string {
  return `${store} ${protocol}`;
}

function cellOf(store: StoreName, { protocol, publishers }: Row): string {
  return `${store} ${protocol} ${publishers}`;
}
