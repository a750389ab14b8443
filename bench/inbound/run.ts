/** The orchestrator: measures one part after the other, with nothing else of its own running meanwhile. */
import { availableParallelism } from "node:os";
import { CENTRIFUGO_VERSION } from "./centrifugo.js";
import { measureJoin } from "./parts/join.js";
import { measurePublish } from "./parts/publish.js";
import { measureRejoin } from "./parts/rejoin.js";
import { measureStorm } from "./parts/storm.js";
import type { Results } from "./results.js";
import type { Part, Settings } from "./settings.js";

/** @param settings Their folder has to be there, and empty. */
export async function run(settings: Settings, say: (line: string) => void): Promise<Results> {
  const has = (part: Part) => settings.only.includes(part);
  return {
    machine: {
      node: process.versions.node,
      cores: availableParallelism(),
      ...(settings.centrifugo === undefined ? {} : { centrifugo: CENTRIFUGO_VERSION }),
    },
    publish: has("publish") ? await measurePublish(settings, say) : [],
    join: has("join") ? await measureJoin(settings, say) : [],
    rejoin: has("rejoin") ? await measureRejoin(settings, say) : [],
    storm: has("storm") ? await measureStorm(settings, say) : [],
  };
}
